import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import Misconfigured
from pipeline.notification.notifier import signature, signing_key


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    # Standard Webhooks 1.0, the reference libraries' test vector.
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=1), st.text("abcdef0123456789", min_size=1), st.integers(0, 2**40), st.binary())
def test_anybody_with_the_secret_can_verify_a_signature(key: bytes, job: str, at: int, body: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    version, _, value = signature(signing_key(secret), f"msg_{job}", at, body).partition(",")
    expected = hmac.new(key, b"msg_%b.%d.%b" % (job.encode(), at, body), hashlib.sha256).digest()
    assert version == "v1"
    assert base64.b64decode(value) == expected


def test_a_secret_without_the_prefix_is_its_own_key() -> None:
    assert signing_key("pässword") == "pässword".encode()


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "whsec_abc", "whsec_abcd!", "whsec_ü"])
def test_a_prefixed_secret_without_a_key_is_a_mistake_that_is_told_without_the_secret(secret: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        signing_key(secret)
    assert str(caught.value) == "WEBHOOK_SIGNING_SECRET: what follows whsec_ must be base64"
    assert caught.value.__suppress_context__  # the cause's text may quote the secret
