"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = Array.from(table.tHead.rows[0].cells);
  const value = (row, column) => row.cells[column].dataset.value;
  const compare = (one, other, numbers) => {
    if (!numbers) return one.localeCompare(other, undefined, { numeric: true });
    return Number(one) - Number(other);
  };
  headers.forEach((header, column) => {
    const numbers = header.dataset.kind === "number";
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const first = header.dataset.first || "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = before === first ? other : first;
      const sign = order === "ascending" ? 1 : -1;
      for (const each of headers) each.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", order);
      for (const body of table.tBodies) {
        // A group's name stays above its rows.
        const rows = Array.from(body.rows).filter(row => row.cells.length === headers.length);
        rows.sort((a, b) => {
          const one = value(a, column), two = value(b, column);
          // What failed has no value, and comes last in either order.
          if (one === "" || two === "") return (one === "") - (two === "");
          return sign * compare(one, two, numbers);
        });
        body.append(...rows);
      }
    });
  });
}
