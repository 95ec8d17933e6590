#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the seeds below corpus/: histories that mean something.

How the bytes are read is told in ../unit/chunk-log-model.h and
../unit/line-model.h; change this when they change.
"""

import pathlib

CORPUS = pathlib.Path(__file__).parent / 'corpus'

# --- The chunk log: five bytes of set-up, then operations of two bytes.

AT_LF, AT_CRLF, AT_ANY, AT_CUSTOM = range(4)
NONE, LAST_CHUNKS, LAST_BYTES, ALL, LAST_LINES, LAST_MS = range(6)
LOSSY, RELIABLE = 0, 1
LIVE, AT_START = 2, 4


def setup(replay, limit=1, max_chunks=6, max_bytes=40, max_replay_bytes=101, separator=AT_LF):
    return bytes([replay, limit - 1, max_chunks - 1, max_bytes - 1, max_replay_bytes // 2 * 4 + separator])


def append(*sizes):
    return b''.join(bytes([0, size - 1]) for size in sizes)


def wait(ms):
    return bytes([36, 4 * ms])


def attach(delivery, how=0):
    return bytes([24, delivery | how])


def detach(cursor):
    return bytes([30, cursor])


def skip(cursor):
    return bytes([39, cursor])


def take(cursor, times=1):
    return bytes([44, cursor]) * times


def drop(cursor):
    return bytes([35, cursor])


SEAL, FINISH, FAIL = bytes([33, 0]), bytes([34, 0]), bytes([34, 4])

CHUNK_LOGS = {
    'keeps-up': setup(NONE) + attach(LOSSY) + (append(5) + skip(0)) * 6 + FINISH + take(0, 2),
    'lossy-gap': setup(NONE, max_chunks=2) + attach(LOSSY) + append(3, 4, 5, 6) + take(0, 4) + FINISH + take(0),
    'pause-and-resume': setup(NONE, max_chunks=3, max_bytes=20) + attach(RELIABLE) + append(9, 9, 9, 9) + take(0, 2) + append(1, 1) + take(0, 5),
    'fast-and-slow': setup(NONE, max_chunks=3) + attach(RELIABLE) + attach(LOSSY) + (append(7) + skip(0)) * 5 + take(1, 4) + FAIL + take(0) + take(1),
    'late-replay-all': setup(ALL) + append(*range(1, 13)) + attach(RELIABLE) + take(0, 14) + attach(LOSSY, LIVE) + append(2) + take(1) + FINISH + take(1),
    'late-replay-chunks': setup(LAST_CHUNKS, limit=3) + append(*range(1, 13)) + attach(LOSSY) + append(4) + take(0, 5),
    'late-replay-bytes': setup(LAST_BYTES, limit=15) + append(*range(1, 13)) + attach(RELIABLE) + append(4) + take(0, 5),
    'late-replay-lines': setup(LAST_LINES, limit=3) + append(*range(1, 13)) + attach(LOSSY) + append(9) + attach(RELIABLE) + take(0, 7) + take(1, 7),
    'late-replay-crlf-lines': setup(LAST_LINES, limit=2, separator=AT_CRLF) + append(5, 1, 1, 1, 12) + attach(RELIABLE) + append(4) + take(0, 5),
    'late-replay-lines-too-long': setup(LAST_LINES, limit=3, max_replay_bytes=5) + append(12, 12, 12, 12) + attach(LOSSY) + take(0, 3) + SEAL,
    'late-replay-ms': setup(LAST_MS, limit=10) + append(4) + wait(6) + append(5) + wait(6) + attach(LOSSY) + append(6) + take(0, 3) + wait(10)
                      + attach(RELIABLE) + take(1),
    'late-replay-ms-burst': setup(LAST_MS, limit=10, max_replay_bytes=15) + append(12, 12) + attach(RELIABLE) + take(0, 3),
    'dropped': setup(NONE, max_chunks=3) + attach(RELIABLE) + attach(LOSSY) + append(3, 3, 3) + drop(0) + append(4) + take(0, 3) + take(1, 5) + detach(0),
    'seal': setup(ALL) + append(3, 3, 3) + attach(RELIABLE) + SEAL + append(3) + attach(LOSSY) + take(0, 5) + detach(0) + append(3) + take(0, 2),
    'at-start': setup(NONE, max_chunks=2) + attach(LOSSY) + append(3, 4, 5, 6) + attach(LOSSY, AT_START) + attach(RELIABLE, AT_START)
                + take(1, 3) + take(2, 3) + append(7) + skip(1) + take(2) + FINISH + take(1) + take(2),
    'unobserved': setup(NONE) + append(3, 3) + attach(RELIABLE) + detach(0) + append(3) + FINISH,
    'larger-than-the-window': setup(NONE, max_chunks=4, max_bytes=5) + attach(RELIABLE) + attach(LOSSY) + append(12) + take(0) + append(12, 12) + take(1, 3),
}

# --- The line splitter: three bytes of options, then events.

NEWLINE, LF, CRLF, ANY, NUL, AB, AAB, CRLFCRLF, DASHES, ABCABCABD, A = range(11)
SPLIT, TRUNCATE = 0, 1
GAP, GAP_AT_START, END = b'\xf0', b'\xf7', b'\xfe'


def options(separator, overflow=SPLIT, max_length=40):
    return bytes([separator, overflow, max_length - 1])


def push(*pieces):
    return b''.join(bytes([len(piece)]) + piece for piece in pieces)


def gap_after(known):
    return bytes([0xf4, len(known)]) + known


LINES = {
    'lines': options(NEWLINE) + push(b'one\ntwo\n\nthree\n', b'last'),
    'torn': options(NEWLINE) + push(b'a line in ', b'', b'three pie', b'ces\n', b'and', b'\n'),
    'crlf': options(NEWLINE) + push(b'one\r\ntwo\r', b'\nthree\r\r\nlone \r in the middle\n', b'\r'),
    'only-crlf': options(CRLF) + push(b'one\r\nnot\nyet\r\n', b'torn\r', b'\n', b'\n\r\n'),
    'only-lf': options(LF) + push(b'kept\r\n', b'\r', b'\nlast\r'),
    'split': options(NEWLINE, SPLIT, 8) + push(b'exactly8\nand nine\n', b'far too long for one', b' line\n'),
    'truncate': options(NEWLINE, TRUNCATE, 8) + push(b'exactly8\nand nine\n', b'far too long for one', b' line\n', b'next\n'),
    'utf-8-at-the-limit': options(NEWLINE, SPLIT, 5) + push('1234€6\n'.encode(), '12😀\n'.encode(), b'1234\xe2\x82'),
    'not-utf-8': options(NEWLINE) + push(b'\xff\xc0\x80 \0 \xed\xa0\x80\n', b'\xe2\x82', b'\xac\n\xf0\x9f\x98'),
    'gaps': options(NEWLINE) + push(b'begun') + GAP + push(b'rest of another\nwhole\n') + GAP_AT_START + push(b'whole too\n') + GAP,
    'gap-after-cr': options(CRLF) + push(b'begun\r') + gap_after(b'\r') + push(b'\nwhole\r\n') + gap_after(b'\r') + push(b'no separator\r\nlast'),
    'any': options(ANY) + push(b'10%\r20%\r', b'\n30%\r\r\nnext\n\n', b'100%\r') + gap_after(b'x\r') + push(b'\n', b'\nlast'),
    'nul': options(NUL) + push(b'./a\0./with\nline\0', b'\0', b'./torn', b' apart\0./last'),
    'custom': options(AB) + push(b'oneabtwoa', b'bthreeaab', b'a', b'ab', b'aa'),
    'custom-that-begins-as-it-ends': options(AAB, SPLIT, 3) + push(b'aaaabaaa', b'b', b'aaxaab', b'a', b'a', b'a', b'b'),
    'custom-long': options(ABCABCABD, TRUNCATE, 5) + push(b'abcabcabcabd', b'xabcab', b'cabd', b'toolong\0abcabcab', b'd') + gap_after(b'abcabc') + push(b'abd', b'last'),
    'custom-block': options(CRLFCRLF) + push(b'a: 1\r\nb: 2\r\n\r', b'\n\r\n\r\n\r\n\r\n') + GAP + push(b'\r\n\r', b'\nc'),
    'custom-dashes': options(DASHES, SPLIT, 2) + push(b'----', b'-', b'a-b--', b'---'),
    'custom-byte': options(A) + push(b'banana', b'', b'a'),
    'on-after-an-end': options(NEWLINE, TRUNCATE, 4) + push(b'truncated') + END + push(b'on\n') + END + END,
}


def main():
    for target, seeds in (('fuzz-chunk-log', CHUNK_LOGS), ('fuzz-line-splitter', LINES)):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (CORPUS / target / name).write_bytes(seed)


main()
