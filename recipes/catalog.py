"""The recipes by name."""

from recipes import addition as _addition  # noqa: F401  (registers itself)
from recipes import air_quality as _air_quality  # noqa: F401
from recipes import babi as _babi  # noqa: F401
from recipes import char_rnn as _char_rnn  # noqa: F401
from recipes import chorale_frames as _chorale_frames  # noqa: F401
from recipes import chorales as _chorales  # noqa: F401
from recipes import clip_motion as _clip_motion  # noqa: F401
from recipes import cloze as _cloze  # noqa: F401
from recipes import connected_digits as _connected_digits  # noqa: F401
from recipes import digit_captions as _digit_captions  # noqa: F401
from recipes import g2p as _g2p  # noqa: F401
from recipes import grid_mnist as _grid_mnist  # noqa: F401
from recipes import headlines as _headlines  # noqa: F401
from recipes import intent_slots as _intent_slots  # noqa: F401
from recipes import long_memory as _long_memory  # noqa: F401
from recipes import nationality as _nationality  # noqa: F401
from recipes import ner as _ner  # noqa: F401
from recipes import pos_tagging as _pos_tagging  # noqa: F401
from recipes import question_type as _question_type  # noqa: F401
from recipes import row_mnist as _row_mnist  # noqa: F401
from recipes import sentiment as _sentiment  # noqa: F401
from recipes import skip_thought as _skip_thought  # noqa: F401
from recipes import spoken_digit_synthesis as _spoken_digit_synthesis  # noqa: F401
from recipes import spoken_digits as _spoken_digits  # noqa: F401
from recipes import sunspots as _sunspots  # noqa: F401
from recipes import tang_poetry as _tang_poetry  # noqa: F401
from recipes import translation as _translation  # noqa: F401
from recipes import video_digits as _video_digits  # noqa: F401
from recipes import written_names as _written_names  # noqa: F401
from recipes.recipe import REGISTRY as REGISTRY


def names(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the recipes that match a shell pattern."""
    return REGISTRY.names(pattern)
