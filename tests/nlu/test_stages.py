from nlu.stages import can_be_better
from tests.trained import models_folder


def test_a_model_of_the_first_stage_alone_can_be_better():
    assert can_be_better(models_folder())


def test_without_the_embeddings_nothing_better_can_be_trained(monkeypatch):
    monkeypatch.setattr("nlu.stages.is_installed", lambda: False)

    assert not can_be_better(models_folder())
