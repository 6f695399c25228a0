// A key that is held down, or stuck, is one press.
//
// A browser presses a button again and again while Enter is down on it, and START takes two presses. STOP is left alone,
// however often it is pressed. Digits that repeat are refused where they are typed (keypad.js).

addEventListener(
  "keydown",
  (event) => {
    if (event.repeat && event.key === "Enter" && event.target.closest?.("button:not(.stop), a, input")) event.preventDefault();
  },
  true,
);
