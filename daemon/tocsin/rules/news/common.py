"""Words that nearly every text holds: alone they narrow nothing."""

from __future__ import annotations

#: Words that nearly every text holds; those that negate or hedge are left out, for beside others they say much.
_EVERYWHERE = """
a about after all also an and are as at be been but by for from had has have he her his how in into is it its more
of on one or other our out over said say says she some than that the their them there they this to up was we were what
when which who will with you your year day week time
de la le les el los der die das und et y en 的 了 在 是 和 有 年 月 日
"""
COMMON = frozenset(_EVERYWHERE.split())

_OFTEN = """
american amid ahead back bank best big billion can canada chief china company could country data day deal december european expected
fall fears first four global good group growth high higher highs home hits india investors january japan korea last latest lead
live low lower make makes march market markets may million month months need news next off office open plan plans power president
price prices record report reports rise rises rising say set sets share shares state states stock stocks support take takes talks
three time top trade trump under us use war way week world year years
"""
#: Words of news about business and politics of every kind.
OFTEN = frozenset(_OFTEN.split())
