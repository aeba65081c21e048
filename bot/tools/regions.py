"""How people abbreviate the countries and states that they put behind a town."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The two-letter codes of the United States Postal Service and of Canada Post.
_STATES: Final = """
AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut, DE Delaware,
DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois, IN Indiana, IA Iowa, KS Kansas,
KY Kentucky, LA Louisiana, ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi,
MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico, NY New York,
NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon, PA Pennsylvania, RI Rhode Island,
SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah, VT Vermont, VA Virginia, WA Washington,
WV West Virginia, WI Wisconsin, WY Wyoming, AB Alberta, BC British Columbia, MB Manitoba, NB New Brunswick,
NL Newfoundland and Labrador, NS Nova Scotia, ON Ontario, PE Prince Edward Island, QC Quebec, SK Saskatchewan
"""

# What people write for a country whose ISO 3166 code is another.
COUNTRIES: Final[Mapping[str, str]] = {
    "america": "us",
    "britain": "gb",
    "england": "gb",
    "holland": "nl",
    "uae": "ae",
    "uk": "gb",
    "u.k.": "gb",
    "u.s.": "us",
    "u.s.a.": "us",
    "usa": "us",
}

STATES: Final[Mapping[str, str]] = {
    code.casefold(): name.casefold()
    for code, name in (row.split(maxsplit=1) for row in _STATES.replace("\n", " ").split(","))
}
"""The names of states by their abbreviations, both in lower case."""
