"""Functions of 40 lines, each with one bug."""


def rows(text: str, comma: str = ",", quote: str = '"') -> list[list[str]]:
    table: list[list[str]] = []
    row: list[str] = []
    cell = ""
    quoted = was_quoted = False
    position = 0
    while position < len(text):
        sign = text[position]
        following = text[position + 1 : position + 2]
        if quoted:
            if sign != quote:
                cell += sign
            elif following == quote:
                cell += quote
                position += 1
            else:
                quoted = False
        elif sign == quote:
            if cell or was_quoted:
                raise ValueError(f"a quote within a cell at {position}")
            quoted = was_quoted = True
        elif sign == comma:
            row.append(cell)
            cell, was_quoted = "", False
        elif sign in "\r\n":
            if sign == "\r" and following != "\n":
                position += 1
            if row or cell or was_quoted:
                table.append([*row, cell])
            row, cell, was_quoted = [], "", False
        else:
            if was_quoted:
                raise ValueError(f"text behind a quoted cell at {position}")
            cell += sign
        position += 1
    if quoted:
        raise ValueError("a quoted cell has no end")
    if row or cell or was_quoted:
        table.append([*row, cell])
    return table


def plan(rooms: dict[str, int], meetings: list[tuple[str, int, int, int]], pause: int = 0) -> dict[str, str]:
    free = dict.fromkeys(rooms, 0)
    planned: dict[str, str] = {}
    waiting = sorted(meetings, key=lambda meeting: (meeting[1], -meeting[3]))
    latest = max((end for _, _, end, _ in meetings), default=0)
    clock = 0
    while waiting and clock <= latest:
        later = []
        for meeting in waiting:
            name, start, end, people = meeting
            if start > clock:
                later.append(meeting)
                continue
            best = ""
            for room, seats in rooms.items():
                if seats < people or free[room] > start:
                    continue
                if not best or seats > rooms[best]:
                    best = room
            if best:
                planned[name] = best
                free[best] = end + pause
            else:
                planned[name] = "none"
        waiting = later
        if waiting:
            clock = min(start for _, start, _, _ in waiting)
    used = dict.fromkeys(rooms, 0)
    for name, room in planned.items():
        if room == "none":
            continue
        for other, start, end, _ in meetings:
            if other == name:
                used[room] += end - start
    for room, minutes in used.items():
        if minutes > latest:
            raise ValueError(f"{room} is used for {minutes} minutes of {latest}")
    for name, _, _, _ in meetings:
        planned.setdefault(name, "none")
    return planned
