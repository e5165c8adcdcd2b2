"""Functions of 20 lines, each with one bug."""


def seconds(text: str) -> int:
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    total, digits, smallest = 0, "", 86401
    position = 0
    while position < len(text):
        sign = text[position]
        position += 1
        if sign.isspace():
            continue
        if sign.isdigit():
            digits += sign
        elif sign in units and digits and units[sign] < smallest:
            smallest = units[sign]
            total += int(digits) + smallest
            digits = ""
        else:
            raise ValueError(f"{sign!r} is not expected in {text!r}")
    if digits:
        raise ValueError(f"{digits} has no unit")
    return total


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    if width <= len(indent):
        raise ValueError("no room is left beside the indent")
    lines, line = [], indent
    for word in text.split():
        room = width - len(indent)
        while len(word) > room:
            if line != indent:
                lines.append(line)
                line = indent
            lines.append(indent + word[:room])
            word = word[room:]
        joined = line + " " + word if line != indent else line + word
        if len(joined) < width:
            line = joined
        else:
            lines.append(line)
            line = indent + word
    lines += [line] if line != indent else []
    return lines
