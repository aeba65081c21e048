"""The places that the stand-ins know, under their names in English and Chinese; the numbers are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Known:
    """A place as the directory of Open-Meteo has it; pairs are in English and Chinese, `within` is its state's id."""

    id: int
    names: tuple[str, str]
    latitude: float
    longitude: float
    kind: str
    code: str
    country: tuple[str, str]
    state: tuple[str, str]
    zone: str
    population: int = 0
    within: int = 0

    def told(self, language: str) -> dict[str, Any]:
        """An entry of an answer; what is not known is left out."""
        which = int(language == "zh")
        entry: dict[str, Any] = {
            "id": self.id,
            "name": self.names[which],
            "latitude": self.latitude,
            "longitude": self.longitude,
            "elevation": 40.0,
            "feature_code": self.kind,
            "country_code": self.code,
            "country": self.country[which],
            "admin1": self.state[which],
            "admin1_id": self.within,
            "timezone": self.zone,
            "population": self.population,
        }
        return {key: value for key, value in entry.items() if value not in ("", 0)}


_US: Final = ("United States", "美国")
_CHINA: Final = ("China", "中国")
_FRANCE: Final = ("France", "法国")
_NEW_YORK: Final = ("New York", "纽约州")
_NEW_YORK_ZONE: Final = "America/New_York"
_CHICAGO: Final = "America/Chicago"

PLACES: Final = (
    Known(
        1816670,
        ("Beijing", "北京"),
        39.9,
        116.4,
        "PPLC",
        "CN",
        _CHINA,
        ("Beijing", "北京市"),
        "Asia/Shanghai",
        18960744,
    ),
    Known(
        1796236,
        ("Shanghai", "上海"),
        31.2,
        121.5,
        "PPLA",
        "CN",
        _CHINA,
        ("Shanghai", "上海市"),
        "Asia/Shanghai",
        24874500,
    ),
    Known(
        2988507,
        ("Paris", "巴黎"),
        48.9,
        2.3,
        "PPLC",
        "FR",
        _FRANCE,
        ("Île-de-France", "法兰西岛"),
        "Europe/Paris",
        2138551,
    ),
    Known(4717560, ("Paris", "帕里斯"), 33.7, -95.6, "PPLA2", "US", _US, ("Texas", "得克萨斯州"), _CHICAGO, 24171),
    Known(
        4303602, ("Paris", "帕里斯"), 38.2, -84.3, "PPLA2", "US", _US, ("Kentucky", "肯塔基州"), _NEW_YORK_ZONE, 9870
    ),
    Known(5128638, ("New York", "纽约州"), 43.0, -75.5, "ADM1", "US", _US, _NEW_YORK, _NEW_YORK_ZONE, 19274244),
    Known(5128581, ("New York", "纽约"), 40.7, -74.0, "PPL", "US", _US, _NEW_YORK, _NEW_YORK_ZONE, 8804190, 5128638),
    Known(
        1850147,
        ("Tokyo", "东京"),
        35.7,
        139.7,
        "PPLC",
        "JP",
        ("Japan", "日本"),
        ("Tokyo", "东京都"),
        "Asia/Tokyo",
        9733276,
    ),
    Known(
        1855612,
        ("Nara", "奈良"),
        34.7,
        135.8,
        "PPLA",
        "JP",
        ("Japan", "日本"),
        ("Nara", "奈良县"),
        "Asia/Tokyo",
        367353,
    ),
    Known(
        1185155,
        ("Narayanganj", "纳拉扬甘杰"),
        23.6,
        90.5,
        "PPL",
        "BD",
        ("Bangladesh", "孟加拉国"),
        ("Dhaka", "达卡"),
        "Asia/Dhaka",
        2000000,
    ),
    Known(
        2643743,
        ("London", "伦敦"),
        51.5,
        -0.1,
        "PPLC",
        "GB",
        ("United Kingdom", "英国"),
        ("England", "英格兰"),
        "Europe/London",
        8961989,
    ),
    Known(
        1275339,
        ("Mumbai", "孟买"),
        19.1,
        72.9,
        "PPLA",
        "IN",
        ("India", "印度"),
        ("Maharashtra", "马哈拉施特拉邦"),
        "Asia/Kolkata",
        12691836,
    ),
    Known(6696480, ("Vostok Station", "东方站"), -78.5, 106.8, "STNB", "AQ", ("Antarctica", "南极洲"), ("", ""), ""),
)
