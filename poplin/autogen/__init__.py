"""Windows CNI configurations from intent, on any system.

    from poplin.autogen import generate, read_json, render

    made = generate(read_json(b'{"Name": "azure-cni", "Type": "sdnbridge", "Subnet": "192.168.0.0/24", ...}'))
    text = render(made.document)

`docs/autogen.md` has the keys, the profiles and what is checked.
"""

from poplin.autogen.checking import check_configuration as check
from poplin.autogen.configuration import Generated, generate
from poplin.autogen.encoding import read_base64, read_json
from poplin.autogen.evaluation import Explained, explain
from poplin.autogen.layout import render
from poplin.autogen.policy import Policy
from poplin.autogen.problem import IntentError
from poplin.schema.finding import Finding

__all__ = [
    "Explained",
    "Finding",
    "Generated",
    "IntentError",
    "Policy",
    "check",
    "explain",
    "generate",
    "read_base64",
    "read_json",
    "render",
]
