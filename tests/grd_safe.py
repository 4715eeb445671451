"""A made Sentinel-1 product (.SAFE) of a Scene.

Files and elements are those of real products, as far as anything reads them.
"""

from functools import cache

import numpy as np
import rasterio
from grd_scene import EPOCH, INCIDENCE_DEG, LATITUDE, LONGITUDE, SPACING_M, SPEED_OF_LIGHT
from numpy.polynomial.polynomial import polyval
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

NAME = "S1A_IW_GRDH_1SDV_20240103T110000_20240103T110001_052000_064800_ABCD.SAFE"
STEM = "s1a-iw-grd-{band}-20240103t110000-20240103t110001-052000-064800-00{number}"
BANDS = ("vv", "vh")
GAIN = 474.0  # a constant in real products too
EMPTY_PX, BORDER_PX = 6, 14  # columns of zeros at the first edge, then columns below the noise


def gain(samples):
    """Return the gain at samples: constant for beta nought in real products, here a slope."""
    return GAIN * (1 + 1e-4 * samples)


def noise(scene, lines, samples):
    """Return the thermal noise (lines, samples): a parabola in range, two swaths along azimuth."""
    across = 900.0 + 8e-3 * (samples - scene.columns / 2) ** 2
    along = np.where(
        samples[None, :] < scene.columns // 2,
        1.0 + 4e-4 * lines[:, None],
        1.2 - 3e-4 * lines[:, None],
    )
    return across[None, :] * along


@cache
def numbers(scene):
    """Return {band: pixels of the image}, the rows and columns of a Scene as uint16."""
    lines, samples = np.arange(scene.rows), np.arange(scene.columns)
    beta = scene.beta_nought(*scene.ground())
    found = {}
    for band in BANDS:
        squared = beta[band] * gain(samples) ** 2 + noise(scene, lines, samples)
        found[band] = np.round(np.sqrt(squared)).astype(np.uint16)
        found[band][:, :EMPTY_PX] = 0
        found[band][:, EMPTY_PX : EMPTY_PX + BORDER_PX] = 7
    return found


def write_product(folder, scene):
    """Write the product of a Scene into a folder; return the path of its own folder."""
    safe = folder / NAME
    for part in ("annotation/calibration", "measurement"):
        (safe / part).mkdir(parents=True)
    for number, band in enumerate(BANDS, 1):
        stem = STEM.format(band=band, number=number)
        (safe / f"annotation/{stem}.xml").write_text(annotation(scene, band))
        tables = safe / "annotation/calibration"
        (tables / f"calibration-{stem}.xml").write_text(calibration(scene))
        (tables / f"noise-{stem}.xml").write_text(noise_tables(scene))
        image = numbers(scene)[band]
        with rasterio.open(
            safe / f"measurement/{stem}.tiff",
            "w",
            driver="GTiff",
            dtype="uint16",
            count=1,
            height=scene.rows,
            width=scene.columns,
            gcps=corners(scene),
            crs=CRS.from_epsg(4326),
        ) as dataset:
            dataset.write(image, 1)
    (safe / "manifest.safe").write_text(manifest())
    return safe


def corners(scene):
    """Return ground control points as in real products; nothing reads them."""
    return [
        GroundControlPoint(row, column, LONGITUDE - column * 1e-4, LATITUDE - row * 1e-4)
        for row in (0, scene.rows - 1)
        for column in (0, scene.columns - 1)
    ]


def time_of(seconds):
    """Return seconds after the epoch as a time of the annotation."""
    return str((EPOCH + np.timedelta64(round(seconds * 1e9), "ns")).astype("datetime64[us]"))


def first_line(scene):
    """Return the time of the first line, in seconds after the epoch."""
    return -(scene.rows - 1) / 2 * scene.interval


def texts(values, form="{:.12e}"):
    """Return numbers as text with spaces between."""
    return " ".join(form.format(value) for value in values)


def listed(name, items):
    """Return a list of elements as in products, with its count."""
    return f'<{name}List count="{len(items)}">{"".join(items)}</{name}List>'


def header(band="vv"):
    """Return the start of an annotation."""
    return (
        "<adsHeader><missionId>S1A</missionId><productType>GRD</productType>"
        f"<polarisation>{band.upper()}</polarisation><mode>IW</mode><swath>IW</swath></adsHeader>"
    )


def annotation(scene, band):
    """Return the annotation of a band."""
    orbit = []
    for seconds in np.arange(-70.0, 71.0, 10.0):
        place, speed = scene.satellite(seconds)
        vectors = [
            f"<{name}>"
            + "".join(f"<{a}>{v:.9e}</{a}>" for a, v in zip("xyz", of, strict=True))
            + f"</{name}>"
            for name, of in (("position", place), ("velocity", speed))
        ]
        time = f"<time>{time_of(seconds)}</time><frame>Earth Fixed</frame>"
        orbit.append(f"<orbit>{time}{''.join(vectors)}</orbit>")
    there, back = scene.polynomials()
    near = scene.near_range
    start = f"{2 * near / SPEED_OF_LIGHT:.15e}"
    conversion = [
        f"<coordinateConversion><azimuthTime>{time_of(seconds)}</azimuthTime>"
        f"<slantRangeTime>{start}</slantRangeTime><sr0>{near:.15e}</sr0>"
        f'<srgrCoefficients count="{len(there)}">{texts(there)}</srgrCoefficients><gr0>0.0</gr0>'
        f'<grsrCoefficients count="{len(back)}">{texts(back)}</grsrCoefficients>'
        "</coordinateConversion>"
        for seconds in (-1.5, -0.5, 0.5)
    ]
    last = first_line(scene) + (scene.rows - 1) * scene.interval
    points = [
        f"<geolocationGridPoint><azimuthTime>{time_of(seconds)}</azimuthTime><slantRangeTime>"
        f"{2 * polyval(pixel * SPACING_M, back) / SPEED_OF_LIGHT:.15e}</slantRangeTime>"
        f"<line>{line}</line><pixel>{pixel}</pixel>"
        f"<latitude>{LATITUDE}</latitude><longitude>{LONGITUDE}</longitude><height>0</height>"
        "<incidenceAngle>38</incidenceAngle><elevationAngle>34</elevationAngle>"
        "</geolocationGridPoint>"
        for line, seconds in ((0, first_line(scene)), (scene.rows - 1, last))
        for pixel in (0, scene.columns - 1)
    ]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<product>{header(band)}<generalAnnotation>
<productInformation><pass>Descending</pass><projection>Ground Range</projection>
<rangeSamplingRate>6.434523812571428e+07</rangeSamplingRate>
<radarFrequency>5.405000454334350e+09</radarFrequency></productInformation>
{listed("orbit", orbit)}</generalAnnotation>
<imageAnnotation><imageInformation>
<productFirstLineUtcTime>{time_of(first_line(scene))}</productFirstLineUtcTime>
<productLastLineUtcTime>{time_of(last)}</productLastLineUtcTime>
<ascendingNodeTime>2024-01-03T10:10:00.000000</ascendingNodeTime>
<slantRangeTime>{start}</slantRangeTime>
<rangePixelSpacing>{SPACING_M:e}</rangePixelSpacing>
<azimuthPixelSpacing>{SPACING_M:e}</azimuthPixelSpacing>
<azimuthTimeInterval>{scene.interval:.15e}</azimuthTimeInterval>
<numberOfSamples>{scene.columns}</numberOfSamples><numberOfLines>{scene.rows}</numberOfLines>
<incidenceAngleMidSwath>{INCIDENCE_DEG}</incidenceAngleMidSwath>
</imageInformation></imageAnnotation>
<swathTiming><linesPerBurst>0</linesPerBurst><samplesPerBurst>0</samplesPerBurst>
<burstList count="0"/></swathTiming>
<geolocationGrid>{listed("geolocationGridPoint", points)}</geolocationGrid>
<coordinateConversion>{listed("coordinateConversion", conversion)}</coordinateConversion>
</product>
"""


def places_along(scene):
    """Return (lines, samples) of tables: 40 apart as in products, and the last."""
    return (np.unique([*range(0, size, 40), size - 1]) for size in (scene.rows, scene.columns))


def calibration(scene):
    """Return the tables of the gain. Those of sigma nought and gamma nought are not correct."""
    lines, samples = places_along(scene)
    values = texts(gain(samples), "{:.6e}")
    others = "".join(
        f'<{name} count="{len(samples)}">{values}</{name}>'
        for name in ("sigmaNought", "betaNought", "gamma", "dn")
    )
    vectors = [
        f"<calibrationVector><azimuthTime>{time_of(first_line(scene) + line * scene.interval)}"
        f'</azimuthTime><line>{line}</line><pixel count="{len(samples)}">'
        f"{texts(samples, '{}')}</pixel>{others}</calibrationVector>"
        for line in lines
    ]
    return (
        f"<calibration>{header()}<calibrationInformation><absoluteCalibrationConstant>1.0"
        f"</absoluteCalibrationConstant></calibrationInformation>"
        f"{listed('calibrationVector', vectors)}</calibration>"
    )


def noise_tables(scene):
    """Return the tables of noise: across, and for two swaths along azimuth."""
    lines, samples = places_along(scene)
    across = noise(scene, np.array([0]), samples)[0]
    along = noise(scene, lines, np.array([0, scene.columns - 1])) / noise(
        scene, np.array([0]), np.array([0, scene.columns - 1])
    )
    starts = np.where(samples < scene.columns // 2, 1.0, 1.2)
    ranges = [
        f"<noiseRangeVector><azimuthTime>{time_of(first_line(scene) + line * scene.interval)}"
        f'</azimuthTime><line>{line}</line><pixel count="{len(samples)}">{texts(samples, "{}")}'
        f'</pixel><noiseRangeLut count="{len(samples)}">{texts(across / starts)}</noiseRangeLut>'
        "</noiseRangeVector>"
        for line in lines
    ]
    half = scene.columns // 2
    blocks = [
        f"<noiseAzimuthVector><swath>{swath}</swath><firstAzimuthLine>0</firstAzimuthLine>"
        f"<firstRangeSample>{first}</firstRangeSample><lastAzimuthLine>{scene.rows - 1}"
        f"</lastAzimuthLine><lastRangeSample>{last}</lastRangeSample>"
        f'<line count="{len(lines)}">{texts(lines, "{}")}</line>'
        f'<noiseAzimuthLut count="{len(lines)}">{texts(factor)}</noiseAzimuthLut>'
        "</noiseAzimuthVector>"
        for swath, first, last, factor in (
            ("IW1", 0, half - 1, along[:, 0]),
            ("IW2", half, scene.columns - 1, 1.2 * along[:, 1]),
        )
    ]
    return (
        f"<noise>{header()}{listed('noiseRangeVector', ranges)}"
        f"{listed('noiseAzimuthVector', blocks)}</noise>"
    )


def manifest():
    """Return the manifest, which lists the files by their kind."""
    kinds = {
        "s1Level1ProductSchema": "annotation/{}.xml",
        "s1Level1CalibrationSchema": "annotation/calibration/calibration-{}.xml",
        "s1Level1NoiseSchema": "annotation/calibration/noise-{}.xml",
        "s1Level1MeasurementSchema": "measurement/{}.tiff",
    }
    objects = "".join(
        f'<dataObject ID="{kind}{band}" repID="{kind}"><byteStream><fileLocation locatorType="URL"'
        f' href="./{path.format(STEM.format(band=band, number=number))}"/></byteStream>'
        "</dataObject>"
        for number, band in enumerate(BANDS, 1)
        for kind, path in kinds.items()
    )
    orbits = "".join(
        f'<safe:{name} type="{end}">{number}</safe:{name}>'
        for name, number in (("orbitNumber", 52000), ("relativeOrbitNumber", 128))
        for end in ("start", "stop")
    )
    spaces = (
        'xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0"'
        ' xmlns:s1="http://www.esa.int/safe/sentinel-1.0/sentinel-1"'
        ' xmlns:s1sarl1="http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-1"'
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU {spaces}><metadataSection>
<safe:platform><safe:familyName>SENTINEL-1</safe:familyName><safe:number>A</safe:number>
<s1sarl1:instrumentMode><s1sarl1:mode>IW</s1sarl1:mode><s1sarl1:swath>IW</s1sarl1:swath>
</s1sarl1:instrumentMode></safe:platform>{orbits}<s1:pass>DESCENDING</s1:pass>
<s1:ascendingNodeTime>2024-01-03T10:10:00.000000</s1:ascendingNodeTime>
<s1sarl1:missionDataTakeID>411648</s1sarl1:missionDataTakeID>
<s1sarl1:transmitterReceiverPolarisation>VV</s1sarl1:transmitterReceiverPolarisation>
<s1sarl1:transmitterReceiverPolarisation>VH</s1sarl1:transmitterReceiverPolarisation>
<s1sarl1:productType>GRD</s1sarl1:productType>
<safe:startTime>2024-01-03T11:00:00.000000</safe:startTime>
<safe:stopTime>2024-01-03T11:00:01.000000</safe:stopTime>
</metadataSection><dataObjectSection>{objects}</dataObjectSection></xfdu:XFDU>
"""
