// A button on every displayed equation that copies its LaTeX.
document.addEventListener("DOMContentLoaded", () => {
  for (const equation of document.querySelectorAll("div.math")) {
    const latex = equation.textContent
      .replace(/^[\s\S]*?\\\[/, "")
      .replace(/\\\][\s\S]*$/, "")
      .trim();
    const button = document.createElement("button");
    button.className = "copy-latex";
    button.type = "button";
    button.textContent = "copy LaTeX";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(latex);
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy LaTeX"; }, 1500);
    });
    const holder = document.createElement("div");
    holder.className = "equation";
    equation.before(holder);
    holder.append(equation, button);
  }
});
