import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import Misconfigured
from pipeline.notification.notifier import signature, signing_keys


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    # Standard Webhooks 1.0, the reference libraries' test vector.
    (key,) = signing_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=1), st.text("abcdef0123456789", min_size=1), st.integers(0, 2**40), st.binary())
def test_anybody_with_the_secret_can_verify_a_signature(key: bytes, job: str, at: int, body: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    version, _, value = signature(signing_keys(secret)[0], f"msg_{job}", at, body).partition(",")
    expected = hmac.new(key, b"msg_%b.%d.%b" % (job.encode(), at, body), hashlib.sha256).digest()
    assert version == "v1"
    assert base64.b64decode(value) == expected


@pytest.mark.parametrize("secrets", ["AQI=", "whsec_AQI=", " AQI= , whsec_AQI=,", "AQI=,AQI="])
def test_keys_are_base64_with_or_without_the_prefix_and_may_be_several(secrets: str) -> None:
    assert set(signing_keys(secrets)) == {b"\x01\x02"}


@pytest.mark.parametrize(
    "secrets", ["whsec_", "whsec_not base64", "whsec_abc", "whsec_abcd!", "whsec_ü", "pässword", ",", "AQI=,abc"]
)
def test_what_holds_no_key_is_a_mistake_that_is_told_without_the_secret(secrets: str) -> None:
    with pytest.raises(Misconfigured, match="WEBHOOK_SIGNING_SECRET must be base64") as caught:
        signing_keys(secrets)
    assert "abc" not in str(caught.value)
    assert caught.value.__suppress_context__  # the cause's text may quote the secret
