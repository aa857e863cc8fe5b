"""The command new."""

from autodisco.campaign.new import shipped_campaigns


def test_the_help_names_every_campaign_file_to_begin_from(call):
    said = call("new", "--help")
    assert said.code == 0
    text = " ".join(said.out.split())
    assert all(f"{name}: " in text for name in shipped_campaigns())
