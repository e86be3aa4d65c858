"""The manylinux and musllinux policies, as data and as one question: since when?"""
