"""An encoder-decoder whose two sides hold one embedding, saved and loaded as one."""

import keras


@keras.saving.register_keras_serializable(package="zoo")
class SharedEmbeddingModel(keras.Model):
    """A functional encoder-decoder with one embedding object in its encoder and its decoder.

    Keras makes a shared object again where two configurations give it one `shared_object_id`, but
    the one inside a nested functional model comes without (it is copied before the second is
    met). Here both get it.
    """

    def get_config(self):
        config = super().get_config()
        layers = {layer["name"]: layer["config"] for layer in config["layers"]}
        (embedding,) = (
            layer
            for layer in layers["encoder"]["layers"]
            if layer["name"] == self.get_layer("decoder").embedding.name
        )
        # Any number that no other object has; Keras takes addresses.
        shared = id(self.get_layer("decoder").embedding)
        embedding["shared_object_id"] = shared
        layers["decoder"]["embedding"]["shared_object_id"] = shared
        return config
