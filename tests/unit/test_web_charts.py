"""Where places lie on a map."""

from web.charts import Sheet, points


def test_an_island_far_out_at_sea_leaves_the_others_their_room() -> None:
    shore = [
        {"lon": 107 + i / 10, "lat": 10.3 + i / 20, "name": f"n{i}", "value": 1, "status": "met"} for i in range(6)
    ]
    island = {"lon": 106.6, "lat": 8.7, "name": "island", "value": 1, "status": "met"}
    found = {one.row["name"]: one for one in points([*shore, island], Sheet(400, 300, 12))}
    assert found["island"].y > max(found[f"n{i}"].y for i in range(6))  # still the southernmost
    assert found["n0"].y - found["n5"].y > 150  # and yet the shore is more than half of the map


def test_two_places_stay_where_they_are() -> None:
    rows = [{"lon": lon, "lat": 10, "name": str(lon), "value": 1, "status": "met"} for lon in (106, 108)]
    assert [one.x for one in sorted(points(rows, Sheet(400, 300, 12)), key=lambda one: one.x)] == [14.4, 385.6]
