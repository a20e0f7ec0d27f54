// Amounts: BigInt base units in, text out. Number appears only for widths in pixels.

const DASH = "–";

/** Digits with a comma every three: "1234567" → "1,234,567". */
function groupDigits(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Text of `units` with `digits` decimals, rounded half away from zero. Zero is "0". */
function formatUnits(units, decimals, digits = decimals) {
  if (units === 0n) return "0";
  const size = units < 0n ? -units : units;
  const cut = 10n ** BigInt(decimals - digits);
  const rounded = (size + cut / 2n) / cut;
  const sign = units < 0n ? "−" : "";
  if (rounded === 0n) return `${sign}<${digits ? `0.${"0".repeat(digits - 1)}1` : "1"}`;
  const text = rounded.toString().padStart(digits + 1, "0");
  const whole = groupDigits(text.slice(0, text.length - digits));
  return sign + whole + (digits ? `.${text.slice(-digits)}` : "");
}

/** Fewest decimals, but at least `least` where the asset has them, that show every amount exactly. */
function exactDigits(amounts, decimals, least = 2) {
  let digits = Math.min(least, decimals);
  for (const units of amounts) {
    while (digits < decimals && units % 10n ** BigInt(decimals - digits) !== 0n) digits += 1;
  }
  return digits;
}

/** Decimals for lists: two for large totals, more for small ones. */
function listDigits(total, decimals) {
  const whole = total / 10n ** BigInt(decimals);
  if (whole >= 1000n) return Math.min(2, decimals);
  if (whole >= 1n) return Math.min(4, decimals);
  const zeros = decimals - total.toString().length;
  return Math.min(decimals, zeros + 5);
}

/** About ten characters at most, for labels in the drawing: "12,345.67", "48.2 M", "5.79 × 10⁷⁶". */
function compactUnits(units, decimals, digits) {
  const full = formatUnits(units, decimals, digits);
  if (full.length <= 10) return full;
  const whole = (units / 10n ** BigInt(decimals)).toString();
  if (whole.length <= 6) return formatUnits(units, decimals, Math.min(2, digits));
  for (const [zeros, suffix] of [
    [6, "M"],
    [9, "bn"],
    [12, "tn"],
  ]) {
    if (whole.length > zeros + 3) continue;
    return `${whole.slice(0, -zeros)}.${whole.slice(-zeros)[0]} ${suffix}`;
  }
  return `${whole[0]}.${whole.slice(1, 3)} × 10${superscript(whole.length - 1)}`;
}

function superscript(number) {
  return [...String(number)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
}

/** Share in percent with two decimals: "12.34%", "<0.01%", "100%". */
function formatShare(part, whole) {
  if (whole <= 0n) return DASH;
  if (part === 0n) return "0%";
  if (part === whole) return "100%";
  const hundredths = (part * 20000n + whole) / (whole * 2n);
  if (hundredths === 0n) return "<0.01%";
  if (hundredths === 10000n && part < whole) return ">99.99%";
  return `${groupDigits((hundredths / 100n).toString())}.${String(hundredths % 100n).padStart(2, "0")}%`;
}

/** `part` of `whole` as a number from 0 to 1, for bars. */
function ratio(part, whole) {
  return whole > 0n ? Number((part * 1000000n) / whole) / 1e6 : 0;
}

/** Largest 1, 2 or 5 times a power of ten not above `size` base units. */
function roundBelow(size) {
  if (!(size >= 1)) return 1n;
  const power = Math.floor(Math.log10(size));
  const lead = size / 10 ** power;
  return (lead >= 5 ? 5n : lead >= 2 ? 2n : 1n) * 10n ** BigInt(power);
}

function sum(amounts) {
  let total = 0n;
  for (const units of amounts) total += units;
  return total;
}
