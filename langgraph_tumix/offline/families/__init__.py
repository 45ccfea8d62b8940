"""The families of questions that the offline model can compute.

==================  ==================================================================================================
module              understands
==================  ==================================================================================================
`arithmetic`        expressions in signs or words, two numbers, rounding, percentages, linear equations
`counting`          lattice paths, choices, arrangements of letters, orders, pairs
`dates`             days between dates, weekdays, shifted dates, years between years
`integers`          gcd, lcm, remainders and powers modulo m, digits, Fibonacci numbers, sums of multiples
`logic`             rankings (“taller than”), syllogisms
`notation`          Roman numerals, number bases, letters of words, reversal, palindromes
`primes`            n-th prime, number of primes, primality, factorisation, divisors
`stories`           word problems: speed, prices, change, mixtures, working together
==================  ==================================================================================================

Any of them can be asked with choices (“A) 12 B) 13”), and the numbers may be facts of the corpus (“the digit sum of the
height of Mount Vorr”): see `langgraph_tumix.offline.understanding`.
"""

from langgraph_tumix.offline.families import arithmetic, counting, dates, integers, logic, notation, primes, stories

__all__ = ["arithmetic", "counting", "dates", "integers", "logic", "notation", "primes", "stories"]
