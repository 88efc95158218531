#!/usr/bin/env python3
"""Write sobol_directions.c: the first dimensions of new-joe-kuo-6.21201, as SciPy ships them.

usage: sobol_directions.py > sobol_directions.c
"""
import pathlib

import numpy as np
import scipy.stats

DIMENSIONS = 2048
WORDS_A_LINE = 5

HEAD = """/* Initial direction numbers of Sobol sequences: the first {n} dimensions of the set
 * new-joe-kuo-6.21201 (Joe & Kuo 2008, SIAM J. Sci. Comput. 30, 2635), packed by
 * sobol_directions.py. The authors' notice, which binary distributions must repeat:
 *
 * Copyright (c) 2008, Frances Y. Kuo and Stephen Joe
 * All rights reserved.
 *
 * Redistribution and use in source and binary forms, with or without modification, are permitted
 * provided that the following conditions are met:
 *
 *     * Redistributions of source code must retain the above copyright notice, this list of
 *       conditions and the following disclaimer.
 *
 *     * Redistributions in binary form must reproduce the above copyright notice, this list of
 *       conditions and the following disclaimer in the documentation and/or other materials
 *       provided with the distribution.
 *
 *     * Neither the names of the copyright holders nor the names of the University of New South
 *       Wales and the University of Waikato and its contributors may be used to endorse or promote
 *       products derived from this software without specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS ``AS IS'' AND ANY EXPRESS OR IMPLIED
 * WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS
 * FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDERS BE LIABLE FOR
 * ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT
 * NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR
 * BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
 * LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
 * SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
#include "sobol.h"

/* Dimensions first[s - 1] ... first[s] - 1 have a primitive polynomial of degree s. */
const uint16_t ion_sobol_first[ION_SOBOL_MAX_DEGREE + 1] = {{
    {first}}};

/* For each dimension from 1 on, lowest bit first: the s - 1 inner coefficients of its polynomial,
 * then the i - 1 upper bits of the odd numbers m_i, i = 2 ... s. */
/* clang-format off */
const uint64_t ion_sobol_packed[] = {{"""


def bits_of(value, n):
    return [(value >> i) & 1 for i in range(n)]


def main():
    numbers = np.load(pathlib.Path(scipy.stats.__file__).with_name("_sobol_direction_numbers.npz"))
    polynomial = [int(p) for p in numbers["poly"][:DIMENSIONS]]
    degree = [p.bit_length() - 1 for p in polynomial]
    first = [degree.index(s) for s in range(1, max(degree) + 1)] + [DIMENSIONS]
    stream = []
    for d in range(1, DIMENSIONS):
        stream += bits_of(polynomial[d] >> 1, degree[d] - 1)
        for i in range(1, degree[d]):
            stream += bits_of(int(numbers["vinit"][d, i]) >> 1, i)
    stream += [0] * (-len(stream) % 64)
    words = [sum(bit << i for i, bit in enumerate(stream[at:at + 64]))
             for at in range(0, len(stream), 64)]
    print(HEAD.format(n=DIMENSIONS, first=", ".join(str(f) for f in first)))
    for at in range(0, len(words), WORDS_A_LINE):
        print("  " + " ".join(f"0x{word:016x}," for word in words[at:at + WORDS_A_LINE]))
    print("};\n/* clang-format on */")


if __name__ == "__main__":
    main()
