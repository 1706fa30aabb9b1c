"""Pictures inside the graph: decoding, framing, augmentation."""

from zoo.images.picture_jitter import PictureJitter as PictureJitter
from zoo.images.pictures import brightness as brightness
from zoo.images.pictures import decode_clip as decode_clip
from zoo.images.pictures import decode_picture as decode_picture
from zoo.images.pictures import standardise as standardise
from zoo.images.pictures import standardise_clip as standardise_clip
