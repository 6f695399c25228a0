// What a key may do to a number that is being typed, as a rule without a page: text and key in, text and refusal out.
//
// The forms are ISMP's for writing doses: a zero before the point, none at the end behind it. Nothing is repaired and
// nothing ignored: a key that does not fit changes nothing and says why, since silent repair has turned .5 into 5 and
// 41.7 for 4.17 (Thimbleby 2010; patient safety reports 2019). What can be taken at the end is exactly what the
// daemon's own parser takes; a test holds the two to each other over every sequence of six keys.

export const DELETE = "delete";
export const WHOLE_DIGITS_MAX = 5; // far above any dose, weight or rate here

const WHY = {
  point: "There is a point already.",
  naked: "Begin with 0, such as 0.5.",
  zero: "A number does not begin with 0, unless a point follows.",
  comma: "Not a comma: use the point.",
  other: "Only digits and one point.",
  long: "No number here has so many digits.",
  none: "There is nothing to take away.",
  blank: "Nothing was typed. Blank is not zero.",
  open: "Digits are missing behind the point.",
  whole: "Whole numbers only here.",
};

function fits(places) {
  return places === 1 ? "At most one digit behind the point." : `At most ${places} digits behind the point.`;
}

// {text, why}: why is null when the key was taken.
export function press(text, key, places) {
  const refuse = (why) => ({ text, why });
  if (key === DELETE) return text === "" ? refuse(WHY.none) : { text: text.slice(0, -1), why: null };
  const [whole, behind] = text.split(".");
  if (key === ".") {
    if (behind !== undefined) return refuse(WHY.point);
    if (places === 0) return refuse(WHY.whole);
    return text === "" ? refuse(WHY.naked) : { text: `${text}.`, why: null };
  }
  if (key === ",") return refuse(WHY.comma);
  if (!/^[0-9]$/.test(key)) return refuse(WHY.other);
  if (behind !== undefined) {
    if (behind.length >= places) return refuse(fits(places));
    if (key === "0" && behind.length + 1 === places) return refuse(`A zero at the end is not written: ${short(text)}.`);
  } else {
    if (whole === "0") return refuse(WHY.zero);
    if (whole.length >= WHOLE_DIGITS_MAX) return refuse(WHY.long);
  }
  return { text: text + key, why: null };
}

// Why this cannot be taken as it stands, or null.
export function finish(text) {
  if (text === "") return WHY.blank;
  if (text.endsWith(".")) return WHY.open;
  if (text.includes(".") && text.endsWith("0")) return `A zero at the end could be misread: type ${short(text)}.`;
  return null;
}

function short(text) {
  return text.replace(/0+$/, "").replace(/\.$/, "");
}

// In thousandths, exactly: no fraction of two has to be rounded.
export function thousandths(text) {
  const [whole, behind = ""] = text.split(".");
  return Number(whole) * 1_000 + Number(behind.padEnd(3, "0"));
}

// A change of five times or more, up or down, is typed twice: it is what a slipped point looks like.
export function farFrom(text, present) {
  const wanted = thousandths(text);
  return present > 0 && (wanted >= present * 5 || wanted * 5 <= present);
}
