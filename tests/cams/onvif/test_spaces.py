import pytest

from custom_components.panacam.cams.onvif.node import Node, parse
from custom_components.panacam.cams.onvif.spaces import Kind, Spaces, Span, read_spaces
from custom_components.panacam.cams.roles import Vector

URI = "http://www.onvif.org/ver10/tptz"
PAN = f"{URI}/PanTiltSpaces"
ZOOM = f"{URI}/ZoomSpaces"


def described(name: str, uri: str, x: tuple[str, str], y: tuple[str, str] | None = None) -> str:
    """Return a space's description."""
    ranges = f"<XRange><Min>{x[0]}</Min><Max>{x[1]}</Max></XRange>"
    if y is not None:
        ranges += f"<YRange><Min>{y[0]}</Min><Max>{y[1]}</Max></YRange>"
    return f"<{name}><URI>{uri}</URI>{ranges}</{name}>"


def node(inside: str) -> Node:
    """Return an element with this in it."""
    return parse(f"<a>{inside}</a>".encode())


def spaces(*inside: str, configuration: str = "") -> Spaces:
    """Return the spaces of a unit."""
    return read_spaces(node("".join(inside)), node(configuration))


VELOCITY = described(
    "ContinuousPanTiltVelocitySpace", f"{PAN}/VelocityGenericSpace", ("-100", "100"), ("-50", "50")
)
POSITION = described(
    "AbsolutePanTiltPositionSpace", f"{PAN}/PositionGenericSpace", ("0", "9999"), ("-90", "10")
)
ZOOM_POSITION = described(
    "AbsoluteZoomPositionSpace", f"{ZOOM}/PositionGenericSpace", ("0", "16384")
)


def test_generic_spaces_are_scaled() -> None:
    """From -1 to 1 to whatever range the unit gives, each axis by itself."""
    found = spaces(VELOCITY, POSITION, ZOOM_POSITION)
    velocity = found.vector(Kind.CONTINUOUS, Vector(pan=-0.5, tilt=1.0))
    assert velocity == {"PanTilt": {"x": -50.0, "y": 50.0}}
    position = found.vector(Kind.ABSOLUTE, Vector(pan=0.0, tilt=-1.0, zoom=0.25))
    assert position == {"PanTilt": {"x": 4999.5, "y": -90.0}, "Zoom": {"x": 4096.0}}


def test_what_is_out_of_range_is_the_end() -> None:
    """No request goes beyond the range."""
    found = spaces(VELOCITY, ZOOM_POSITION)
    assert found.vector(Kind.CONTINUOUS, Vector(pan=7.0)) == {"PanTilt": {"x": 100.0, "y": 0.0}}
    assert found.vector(Kind.ABSOLUTE, Vector(zoom=-3.0)) == {"Zoom": {"x": 0.0}}


def test_nought_stands_still_in_an_uneven_range() -> None:
    """A velocity of nought is nought, though it is not in the middle of the range."""
    span = Span(-20.0, 100.0)
    assert [span.signed(part) for part in (-1.0, 0.0, 0.5)] == [-20.0, 0.0, 50.0]
    assert Span(0.0, 9999.0).signed(-1.0) == -9999.0


def test_positions_are_read_back() -> None:
    """From the unit's own numbers, in any space that it lists."""
    degrees = described(
        "AbsolutePanTiltPositionSpace",
        f"{PAN}/SphericalPositionSpace",
        ("-180", "180"),
        ("0", "90"),
    )
    found = spaces(POSITION, degrees, ZOOM_POSITION)
    generic = node('<PanTilt x="9999" y="-40"/><Zoom x="8192"/>')
    assert found.read(generic) == Vector(pan=1.0, tilt=0.0, zoom=0.5)
    spherical = node(f'<PanTilt x="-90" y="45" space="{PAN}/SphericalPositionSpace"/>')
    assert found.read(spherical) == Vector(pan=-0.5, tilt=0.0)


def test_a_position_without_spaces_is_generic() -> None:
    """A unit that cannot be sent anywhere may still tell where it is."""
    found = spaces(VELOCITY)
    assert found.read(node('<PanTilt x="0.5" y="-1"/><Zoom x="0.1"/>')) == Vector(
        pan=0.5, tilt=-1.0, zoom=0.1
    )
    assert found.read(None) == Vector()
    assert found.read(node('<PanTilt x="nan" y=""/><Zoom/>')) == Vector()


@pytest.mark.parametrize("ends", [("-INF", "INF"), ("", "1"), ("5", "5"), ("9", "-9")])
def test_a_range_that_is_none_is_the_generic_one(ends: tuple[str, str]) -> None:
    """Infinite, empty and turned ranges."""
    odd = described("ContinuousPanTiltVelocitySpace", f"{PAN}/VelocityGenericSpace", ends)
    found = spaces(odd)
    assert found.vector(Kind.CONTINUOUS, Vector(pan=0.5)) == {"PanTilt": {"x": 0.5, "y": 0.0}}


def test_a_space_is_named_when_it_is_not_the_default() -> None:
    """Some units refuse a request that names a space."""
    default = "<DefaultContinuousPanTiltVelocitySpace>{}</DefaultContinuousPanTiltVelocitySpace>"
    fov = f"{PAN}/VelocitySpaceFOV"
    other = described("ContinuousPanTiltVelocitySpace", fov, ("-9", "9"))
    generic = f"{PAN}/VelocityGenericSpace"
    for configuration, named in (
        (default.format(generic), None),
        (default.format(fov), generic),
        ("", None),
    ):
        found = spaces(other, VELOCITY, configuration=configuration)
        vector = found.vector(Kind.CONTINUOUS, Vector(pan=1.0))
        wanted = {"x": 100.0, "y": 0.0} | ({"space": named} if named else {})
        assert vector == {"PanTilt": wanted}


def test_the_default_space_where_none_is_generic() -> None:
    """Its misspelt name of the schema, too."""
    spherical, digital = f"{PAN}/SphericalPositionSpace", f"{PAN}/DigitalPositionSpace"
    listed = (
        described("AbsolutePanTiltPositionSpace", digital, ("0", "1")),
        described("AbsolutePanTiltPositionSpace", spherical, ("-180", "180")),
    )
    name = "DefaultAbsolutePantTiltPositionSpace"
    found = spaces(*listed, configuration=f"<{name}>{spherical}</{name}>")
    assert found.pan_tilt[Kind.ABSOLUTE].uri == spherical
    assert spaces(*listed).pan_tilt[Kind.ABSOLUTE].uri == digital


PAN_SPEED = described("PanTiltSpeedSpace", f"{PAN}/GenericSpeedSpace", ("0", "8"))
ZOOM_SPEED = described("ZoomSpeedSpace", f"{ZOOM}/ZoomGenericSpeedSpace", ("0", "4"))
ZOOM_VELOCITY = described(
    "ContinuousZoomVelocitySpace", f"{ZOOM}/VelocityGenericSpace", ("-1", "1")
)


def test_speed_is_whole_or_not_there() -> None:
    """Some refuse one for only a part of what moves."""
    both = spaces(VELOCITY, ZOOM_VELOCITY, PAN_SPEED, ZOOM_SPEED)
    assert both.speed(0.5) == {"PanTilt": {"x": 4.0, "y": 4.0}, "Zoom": {"x": 2.0}}
    assert both.speed(None) is None
    assert spaces(VELOCITY, ZOOM_VELOCITY, PAN_SPEED).speed(0.5) is None
    assert spaces(VELOCITY, ZOOM_VELOCITY, ZOOM_SPEED).speed(0.5) is None
    assert spaces(VELOCITY, PAN_SPEED).speed(0.5) == {"PanTilt": {"x": 4.0, "y": 4.0}}
    assert spaces(VELOCITY).speed(0.5) is None


def test_default_speed_names_its_space() -> None:
    """The default of speed spaces stands beside the default speed."""
    configuration = '<DefaultPTZSpeed><PanTilt x="1" y="1" space="other"/></DefaultPTZSpeed>'
    found = spaces(VELOCITY, PAN_SPEED, configuration=configuration)
    assert found.speed(1.0) == {
        "PanTilt": {"x": 8.0, "y": 8.0, "space": f"{PAN}/GenericSpeedSpace"}
    }


@pytest.mark.parametrize("supported", [None, node("")])
def test_a_unit_that_lists_nothing_moves_continuously(supported: Node | None) -> None:
    """As the specification wants of every one."""
    found = read_spaces(supported, None)
    assert found.has(Kind.CONTINUOUS)
    assert not found.has(Kind.ABSOLUTE)
    assert found.still() == {"PanTilt": {"x": 0.0, "y": 0.0}, "Zoom": {"x": 0.0}}


def test_a_thousand_spaces() -> None:
    """Only the first few are looked at."""
    many = [
        described("AbsolutePanTiltPositionSpace", f"urn:{number}", ("0", "1"))
        for number in range(1000)
    ]
    assert len(spaces(*many).positions) == 16
