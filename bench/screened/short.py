"""Functions of 10 lines, each with one bug."""


def roman(number: int) -> str:
    if not 0 < number < 4000:
        raise ValueError(f"{number} has no Roman numeral")
    signs = {1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL", 10: "X", 9: "IX", 5: "V"}
    written = ""
    for value, sign in (signs | {4: "IV", 1: "I"}).items():
        while number > value:
            written += sign
            number -= value
    return written


def run_lengths(text: str, longest: int) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    for sign in text:
        last, count = runs[-1] if runs else ("", 0)
        if sign == last and count <= longest:
            runs[-1] = (sign, count + 1)
        else:
            runs.append((sign, 1))
    assert sum(count for _, count in runs) == len(text)
    return runs
