"""Decimal numbers in columns of text into float64, exact to the last bit, at about the speed at which text is read.

Tokens are found 64 bytes at a time and converted eight bytes at a time, in integer arithmetic without branches that the
compiler turns into vector instructions. A short decimal is an integer divided by a power of ten; both are exact, hence
the quotient is rounded once and equals Python's ``float`` of the text (Clinger, PLDI 1990, 92). What cannot be decided
this way is left to the caller.
"""

import numpy as np
from numba import njit
from numba.cpython.unsafe.numbers import trailing_zeros

STRETCH = 256  # bytes of text in which tokens are looked for at a time
BEFORE, BEHIND = 64, STRETCH + 64  # bytes that have to lie around the text, a line end last before it
BLOCK = 512  # tokens at a time: they, their text and their values stay in the first-level cache

# Below, eight bytes are one unsigned integer, the first byte lowest. Everything is unsigned and said to be: mixed with
# a plain integer numba would go over to floats, and a signed index could be negative, which would have to be checked.
U = np.uint64
ZERO, ONE, THREE, SEVEN, EIGHT, WORD = U(0), U(1), U(3), U(7), U(8), U(64)
SHIFT8, SHIFT16, SHIFT24, SHIFT32, SHIFT40, SHIFT48, SHIFT56 = map(U, (8, 16, 24, 32, 40, 48, 56))
BYTE2, BYTE3, BYTE4, BYTE5, BYTE6 = map(U, (2, 3, 4, 5, 6))
EACH = U(0x0101010101010101)
TOPS, BLANKS, ZEROS, POINTS = EACH * U(0x80), EACH * U(33), EACH * U(ord("0")), EACH * U(ord("0") ^ ord("."))
PAST_NINE = EACH * U(0x80 - 10)
PAIRS, LOW16, LOW32 = U(0x00FF00FF00FF00FF), U(0xFFFF), U(0xFFFFFFFF)
TEN, HUNDRED, MYRIAD = U(10), U(100 * 65536 + 1), U(10000)
COLLECT = U(0x0102040810204080)
MINUS, PLUS, POINT, LINE_END, BLANK = 45, 43, 46, 10, 32
EXACT, LARGEST, MOST = U(2**53), 22, U(19)
POWERS = np.array([float(10**k) for k in range(LARGEST + 1)])  # all of them exact
SIGN = np.array([1.0, -1.0])
INTEGER_POWERS = np.array([10**k for k in range(9)], np.uint64)
UNDECIDED = U(2)


@njit(cache=True, nogil=True, error_model="numpy")
def parse_lines(text, begin, end, n_columns, places, values, row, odd):
    """Values of the atoms from `row` on, from whole lines in begin:end of the text, which may hold more than these.

    Stops early at a line with another number of tokens than there are columns, and before `odd` overflows: it takes
    place, column and row of tokens that are for Python to read. Returns where the next line begins, the next row and
    the number of odd tokens.
    """
    # The line end counts as a token of its own: all lines have the same number, and another number shows.
    stride, n_values, n_rows = n_columns + 1, len(places), len(values) // len(places)
    most = max(1, BLOCK // stride)
    starts = np.empty(most * stride + STRETCH + 8, np.uint64)
    words, signs = np.empty(most * n_values, np.uint64), np.empty(most * n_values, np.uint64)
    flags, marks = np.empty(STRETCH, np.uint8), np.empty(STRETCH // 64, np.uint64)
    p, n_odd = U(begin), 0
    while row < n_rows and p < U(end):
        rows = min(n_rows - row, most)
        rows = min(rows, _find_tokens(text, p, U(end), rows * stride, flags, marks, starts) // stride)
        rows = min(rows, (len(odd) - n_odd) // n_values)
        rows = _whole_lines(text, rows, stride, starts)
        if rows == 0:
            break
        _take_words(text, rows, stride, places, starts, words, signs)
        block = values[row * n_values : (row + rows) * n_values]
        if _convert(words, signs, block) > 0:
            n_odd = _read_undecided(text, rows, stride, places, starts, signs, block, row, odd, n_odd)
        row += rows
        p = starts[U(rows * stride - 1)] + ONE
    return p, row, n_odd


@njit(cache=True, nogil=True)
def _word(text, p):
    """Eight bytes; one instruction when compiled."""
    return (
        U(text[p])
        | U(text[p + ONE]) << SHIFT8
        | U(text[p + BYTE2]) << SHIFT16
        | U(text[p + BYTE3]) << SHIFT24
        | U(text[p + BYTE4]) << SHIFT32
        | U(text[p + BYTE5]) << SHIFT40
        | U(text[p + BYTE6]) << SHIFT48
        | U(text[p + SEVEN]) << SHIFT56
    )


@njit(cache=True, nogil=True)
def _find_tokens(text, p, end, wanted, flags, marks, starts):
    """Write where tokens and line ends are from p on, until there are as many as wanted; returns how many.

    A stretch of text is gone over three times, so that no step waits for another.
    """
    found = ZERO
    while found < U(wanted) and p < end:
        for k in range(len(flags)):
            here, before = text[p + U(k)], text[p + U(k) - ONE]
            flags[k] = ((here > BLANK) & (before <= BLANK)) | (here == LINE_END)
        for m in range(len(marks)):
            bits = ZERO
            for k in range(8):
                bits |= ((_word(flags, U(64 * m + 8 * k)) * COLLECT) >> SHIFT56) << U(8 * k)
            marks[m] = bits
        for m in range(len(marks)):
            bits = marks[m]
            if p + WORD > end:
                bits &= (ONE << (end - p)) - ONE if p < end else ZERO
            # Eight at a time whether there are as many or not: cheaper than being wrong about the last one every time.
            place = found
            found += _count(bits)
            while bits != ZERO:
                for k in range(8):
                    starts[place + U(k)] = p + trailing_zeros(bits)
                    bits &= bits - ONE
                place += EIGHT
            p += WORD
    return np.int64(found)


@njit(cache=True, nogil=True)
def _count(bits):
    """Number of bits set; one instruction when compiled."""
    bits -= (bits >> ONE) & (EACH * U(0x55))
    bits = (bits & (EACH * U(0x33))) + ((bits >> BYTE2) & (EACH * U(0x33)))
    return (((bits + (bits >> BYTE4)) & (EACH * U(0x0F))) * EACH) >> SHIFT56


@njit(cache=True, nogil=True)
def _whole_lines(text, rows, stride, starts):
    """How many of the rows have their line end where it belongs."""
    for row in range(rows):
        if text[starts[U((row + 1) * stride - 1)]] != LINE_END:
            return row
    return rows


@njit(cache=True, nogil=True)
def _take_words(text, rows, stride, places, starts, words, signs):
    """The first eight bytes of every token after its minus sign, and whether there is one."""
    k = ZERO
    for row in range(rows):
        for column in range(len(places)):
            p = starts[U(row * stride) + places[column]]
            sign = U(text[p] == MINUS)
            words[k] = _word(text, p + sign)
            signs[k] = sign
            k += ONE


@njit(cache=True, nogil=True, error_model="numpy")
def _convert(words, signs, values):
    """Values of short numbers; for others, `signs` becomes UNDECIDED. Returns how many there are.

    A byte that is zero, or below 33, shows in its top bit after a subtraction (Hacker's Delight, ch. 6). There are no
    branches, so that several tokens are worked on by one instruction, and no tables, which these are slow to look into.
    """
    n_undecided = 0
    for i in range(len(values)):
        k = U(i)
        word = words[k]
        blank = ((word - BLANKS) & ~word & TOPS) >> SEVEN
        token = (blank - ONE) & ~blank
        # A digit is its value now, and what follows the token is as many zeros, which the divisor takes away again.
        x = (word ^ ZEROS) & token
        other = x ^ POINTS
        point = ((other - EACH) & ~other & TOPS) >> SEVEN
        integral = (point - ONE) & ~point
        x = (x & integral) | ((x >> EIGHT) & ~integral)
        ones = integral & token & EACH
        undecided = ((((x + PAST_NINE) | x) & TOPS) != ZERO) | (ones == ZERO) | (blank == ZERO)
        # A one in the last place before the point: with as many zeros behind it as there are digits after the point.
        divisor = _eight_digits(ones & ~(ones >> EIGHT))
        sign = signs[k]
        values[k] = np.float64(np.int32(_eight_digits(x))) / np.float64(np.int32((divisor ^ (ZERO - sign)) + sign))
        signs[k] = UNDECIDED if undecided else sign
        n_undecided += undecided
    return n_undecided


@njit(cache=True, nogil=True)
def _eight_digits(x):
    """The number whose digits are the values of the bytes: digits to pairs, pairs to fours, fours to eight."""
    x = (x * TEN + (x >> EIGHT)) & PAIRS
    high, low = (((x & LOW32) * HUNDRED) >> SHIFT16) & LOW16, (((x >> SHIFT32) * HUNDRED) >> SHIFT16) & LOW16
    return high * MYRIAD + low


@njit(cache=True, nogil=True, error_model="numpy")
def _read_undecided(text, rows, stride, places, starts, signs, values, first, odd, n_odd):
    """One by one the numbers that are not short, and a list of those that are not exact either."""
    k = 0
    for row in range(rows):
        for column in range(len(places)):
            if signs[k] == UNDECIDED:
                start = starts[U(row * stride) + places[column]]
                values[k], exact = _number(text, start)
                if not exact:
                    odd[n_odd, 0], odd[n_odd, 1], odd[n_odd, 2] = start, column, first + row
                    n_odd += 1
            k += 1
    return n_odd


@njit(inline="always")
def _number(text, p):
    """Value of any number that starts at p, and whether it is one and exact."""
    minus = text[p] == MINUS
    p += U(minus | (text[p] == PLUS))
    start = p
    p, mantissa = _digits(text, p, ZERO)
    n_digits, places = p - start, ZERO
    if text[p] == POINT:
        start = p + ONE
        p, mantissa = _digits(text, start, mantissa)
        places = p - start
    n_digits += places
    exponent = -np.int64(places)
    if text[p] | 32 == 101:
        down = text[p + ONE] == MINUS
        start = p + (BYTE2 if down or text[p + ONE] == PLUS else ONE)
        p, size = _digits(text, start, ZERO)
        if p == start or p - start > EIGHT:
            return 0.0, False
        exponent += -np.int64(size) if down else np.int64(size)
    # With more digits the integer may have overflown.
    if n_digits == ZERO or n_digits > MOST or mantissa > EXACT or abs(exponent) > LARGEST or text[p] > BLANK:
        return 0.0, False
    value = np.float64(mantissa)
    value = value * POWERS[exponent] if exponent >= 0 else value / POWERS[-exponent]
    return value * SIGN[U(minus)], True


@njit(cache=True, nogil=True)
def _digits(text, p, mantissa):
    """Append the digits from p on to the mantissa; returns the place behind them, and the mantissa."""
    while True:
        x = _word(text, p) ^ ZEROS
        bits = trailing_zeros(((x + PAST_NINE) | x) & TOPS) & ~SEVEN
        if bits == ZERO:
            return p, mantissa
        mantissa = mantissa * INTEGER_POWERS[bits >> THREE] + _eight_digits(x << (WORD - bits))
        p += bits >> THREE
        if bits < WORD:
            return p, mantissa
