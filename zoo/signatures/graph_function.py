"""What the signatures of saved models are made by, here and in recipes."""

import functools

import tensorflow as tf

# `tf.function` without AutoGraph: the signatures and what they call are TensorFlow's ops alone, and
# to rewrite all that code as Python first took an eighth of the time in which it is traced.
graph_function = functools.partial(tf.function, autograph=False)
