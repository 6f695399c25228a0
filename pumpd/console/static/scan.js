// A scanner types what stands on a label and ends with Enter, and so does the keyboard of a phone: in a form of the path
// that leads to the next field, and never sends the form. A number's field has the same from the keypad.

const WORDS = ".step-form input:not([data-places], [type=radio], [type=checkbox], [type=hidden])";
const NEXT = "input:not([type=hidden]), select, textarea, button";

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.(WORDS)) return;
  event.preventDefault();
  const fields = [...event.target.form.querySelectorAll(NEXT)].filter((field) => field.checkVisibility());
  fields[fields.indexOf(event.target) + 1]?.focus();
});
