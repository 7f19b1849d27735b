"""The table of all forms of secrets. Each row says how to find the secret, and contains texts that
must be masked and texts that must stay.

A new kind of secret needs a row in this table. The tests use each row: each example must lose its
secret, each look-alike must stay unchanged, and the search time must be proportional to the length
of the text. In an example, ``<alnum 36>`` stands for a secret of 36 letters and digits. Secret
scanners therefore find no secrets in this file.
"""

from __future__ import annotations

from typing import NamedTuple

from dagprof.redaction.finding import commands, issued, settings, tokens, urls
from dagprof.redaction.finding.tokens import Finder


class Pattern(NamedTuple):
    """One kind of secret. ``find`` yields the places of secrets in a text. The time of ``find`` is
    proportional to the length of the text.
    """

    name: str
    find: Finder
    examples: tuple[str, ...]
    look_alikes: tuple[str, ...]


_ISSUED = (
    Pattern(
        "GitHub",
        issued.GITHUB,
        ("remote: ghp_<alnum 36>", "ghs_<alnum 36> expired", "github_pat_<alnum 22>_<alnum 59>"),
        ("ghp_short", "the prefix ghp_ of a token", "github_pat_name"),
    ),
    Pattern(
        "GitLab",
        issued.GITLAB,
        ("glpat-<alnum 20>", "CI glrt-<alnum 20>"),
        ("glpat-token",),
    ),
    Pattern(
        "Google",
        issued.GOOGLE,
        (
            "key AIza<alnum 35> is not valid",
            "ya29.<alnum 60>",
            "1//0<alnum 40>",
            "GOCSPX-<alnum 28>",
        ),
        ("AIzawa Kenji", "GOCSPX-", "1//2024-01-01"),
    ),
    Pattern(
        "Slack",
        issued.SLACK,
        ("xoxb-<digits 12>-<digits 12>-<alnum 24>", "xapp-1-<caps 11>-<digits 13>-<hex 64>"),
        ("xapp-store-frontend-service",),
    ),
    Pattern(
        "webhooks of Slack, Discord, Teams and Google Chat",
        issued.WEBHOOKS,
        (
            "https://hooks.slack.com/services/T<caps 8>/B<caps 8>/<alnum 24>",
            "https://discord.com/api/webhooks/<digits 18>/<alnum 68>",
        ),
        ("https://hooks.slack.com/services", "https://discord.com/api/webhooks"),
    ),
    Pattern(
        "bots of Discord and Telegram",
        issued.BOTS,
        ("M<alnum 23>.<alnum 6>.<alnum 38>", "bot<digits 10>:AA<alnum 33>"),
        ("Numbers.are.here", "12345678:AAPL"),
    ),
    Pattern(
        "Stripe",
        issued.STRIPE,
        ("sk_live_<alnum 24>", "whsec_<alnum 32>"),
        ("pk_live_documented", "sk_test_a"),
    ),
    Pattern(
        "SendGrid, Mailgun, Mailchimp, Brevo",
        issued.MAIL,
        ("SG.<alnum 22>.<alnum 43>", "key-<hex 32>", "<hex 32>-us14"),
        ("SG.1", "key-value", "eu-us2"),
    ),
    Pattern(
        "registries of packages and images",
        issued.REGISTRIES,
        ("npm_<alnum 36>", "pypi-AgEIcHlwaS5vcmc<alnum 60>", "dckr_pat_<alnum 27>"),
        ("npm_config_registry_of_the_company", "pypi-mirror-of-the-whole-company-in-europe"),
    ),
    Pattern(
        "OpenAI, Anthropic and others with sk-",
        issued.SK,
        ("sk-<alnum 48>", "sk-proj-<alnum 64>", "sk-ant-api03-<alnum 80>"),
        ("sk-learn", "sk-learn-pipeline-with-a-long-name", "task-sk-1"),
    ),
    Pattern(
        "Databricks",
        issued.DATABRICKS,
        ("dapi<hex 32>", "dapi<hex 32>-2"),
        ("dapi", "dose-effect"),
    ),
    Pattern(
        "Hugging Face, Replicate, Groq, xAI, Perplexity",
        issued.MODELS,
        ("hf_<alnum 34>", "gsk_<alnum 52>"),
        ("hf_hub", "hf_transformers", "xai-for-everybody-in-the-team"),
    ),
    Pattern(
        "Twilio",
        issued.TWILIO,
        ("SK<hex 32>",),
        ("ACTION", "SKU-00ff"),
    ),
    Pattern(
        "Vault",
        issued.VAULT,
        ("hvs.<alnum 90>", "vault login s.<alnum 24>"),
        ("hvs.io", "s.upper", "b.someattributeofanobjectxy"),
    ),
    Pattern(
        "Azure",
        issued.AZURE,
        ("<alnum 3>8Q~<alnum 34>", "<alnum 52>JQQJ99<alnum 26>"),
        ("8Q~",),
    ),
    Pattern(
        "keys of 64 bytes, and AWS's secret keys",
        tokens.long_keys,
        ("<base64 86>==",),
        ("sha512-" + "A7bC" * 21 + "aB==", "0123456789abcdef0123456789abcdef01234567"),
    ),
    Pattern(
        "AWS",
        issued.AWS,
        ("AKIA<caps 16>", "ASIA<caps 16>:<alnum 40>"),
        ("AKIA", "ASIANPACIFIC"),
    ),
    Pattern(
        "other issuers",
        issued.OTHERS,
        ("glsa_<alnum 32>_<hex 8>", "shpat_<hex 32>", "dop_v1_<hex 64>", "tskey-auth-<alnum 30>"),
        ("pul-request-of-somebody-else", "ops_team_of_the_platform"),
    ),
    Pattern(
        "private keys in base64",
        issued.KEYS_IN_BASE64,
        ("LS0tLS1CRUdJTiBQUklWQVRF<alnum 60>",),
        ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUR6", "secret_santa"),
    ),
    Pattern(
        "Fernet",
        issued.FERNET,
        ("gAAAAA<alnum 94>==",),
        ("gAAAAAh",),
    ),
    Pattern(
        "JSON web tokens",
        tokens.web_tokens,
        ("eyJ<alnum 20>.eyJ<alnum 40>.<alnum 43>",),
        ("eyJ", "eyJhbGciOiJub25l alone"),
    ),
    Pattern(
        "private keys and encrypted messages",
        tokens.blocks,
        (
            "-----BEGIN RSA PRIVATE KEY-----\n<base64 64>\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n<base64 64>\n=<alnum 4>",
            r'"-----BEGIN PRIVATE KEY-----\n<base64 64>\n<base64 64>\n',
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIBqDCCAU\n-----END CERTIFICATE-----",
            "a file that begins with -----BEGIN PRIVATE KEY----- is needed",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYH\n-----END PUBLIC KEY-----",
        ),
    ),
)

_WRITTEN = (
    Pattern(
        "Bearer and Basic",
        issued.BEARER,
        ("Authorization: Bearer <alnum 40>", "basic <base64 28>"),
        ("basic authentication", "Bearer authentication needs a token", "the bearer of news"),
    ),
    Pattern(
        "users and passwords of a call, or of .netrc",
        issued.CALLS,
        ("HTTPBasicAuth('ada', '<alnum 9>')", "machine x login ada password <alnum 9>"),
        ("login('ada')", "login with the password of the user", "a.py:12:error:root:message"),
    ),
    Pattern(
        "users and passwords in URLs",
        urls.urls,
        (
            "postgres://ada:<alnum 9>@db/x",
            "mysql+pymysql://ada:<alnum 5>/<alnum 4>#<alnum 3>:<alnum 3>@db.example:3306/sales",
            "https://<alnum 24>@git.example/x",
            "https://<hex 40>:x-oauth-basic@github.com/x",
            "redis://:<alnum 12>@redis:6379/0",
        ),
        (
            "https://airflow.example:8080/home?user=ada@example.com",
            "https://git@github.com/org/repository",
            "https://example.com/@ada",
            "abfss://container@account.dfs.core.windows.net/folder",
            "sftp://ada@files.example/in",
            "redis://redis:6379/0",
            "postgres://ada:${PASSWORD}@db/x",
        ),
    ),
    Pattern(
        "users and passwords before a host",
        urls.bare_users,
        ("ada:<alnum 12>@tcp(db:3306)/sales", "sqlplus ada/<alnum 9>@db"),
        (
            "mailto:ada1@example.com",
            "owner:ada2@example.com",
            "git@github.com:org/repository.git",
            "image:tag2@sha256:0123",
        ),
    ),
    Pattern(
        "settings",
        settings.settings,
        (
            "PGPASSWORD=<alnum 9>",
            "export GH_PAT=<alnum 20>",
            "MYSQL_PWD=<alnum 9> SMTP_PASS=<alnum 9> ACCESSKEY=<alnum 16>",
            "REDIS_AUTH: <alnum 12>",
            "password = 'open <alnum 6>'",
            '{"password": "<alnum 10>", "user": "ada"}',
            r'"{\"client_secret\": \"<alnum 20>\"}"',
            "database:\n  password: <alnum 9> <alnum 4>\n  port: 5432",
            "secret_key: |\n  <alnum 20>\n  <alnum 20>\nport: 1",
            "connect(host='db', password=b'<alnum 9>')",
            "os.environ['DB_PASSWORD'] = '<alnum 9>'",
            "https://example.com/a?api_key=<alnum 20>&page=2",
            "?sv=2022-11-02&sig=<alnum 43>%3D&se=2024",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=<base64 86>==;E=1",
            "Server=db;Uid=sa;Pwd=<alnum 9>;Database=x",
            "Cookie: session=<alnum 20>; csrf=<alnum 9>",
            "Authorization: Digest username=<alnum 9>, response=<hex 32>",
            "--api-key=<alnum 20>",
            "API key: <alnum 20>",
            "auth=('<alnum 6>', '<alnum 9>')",
            "tokens: ['<alnum 9>', '<alnum 9>']",
            "password: str | None = '<alnum 9>'",
            "RuntimeError: cannot log in with token='<alnum 12>'",
        ),
        (
            "MONKEY=banana AUTHOR='Ada' KEYBOARD=qwerty COMPASS=north PASSENGER=7",
            "password=os.environ['DB_PASSWORD']",
            "password = get_password(name)",
            "token=self.token, api_key=API_KEY",
            "def connect(password: str, token: Optional[str] = None) -> None:",
            "KeyError: 'password'",
            "password: must be at least 8 characters",
            "invalid password: authentication failed",
            "max_tokens=4096 token_type: Bearer tokenizer=bert",
            "password_file=/run/secrets/db SECRET_NAME='airflow-db'",
            "primary_key='order_id' sort_key: created",
            "password='{{ conn.db.password }}'",
            "passed=12 bypass=true pattern='x' path=/srv",
            "http://token:8080/x",
            "PWD=/srv/dags",
            "password=None token=*** secret=<secret>",
            "auth_type=oauth2 authentication=LDAP",
        ),
    ),
    Pattern(
        "declarations of variables",
        settings.declared,
        ("ENV DB_PASSWORD <alnum 9>",),
        ("ENV DB_HOST postgres", "ARG TOKEN_FILE /run/x"),
    ),
    Pattern(
        "flags",
        settings.flags,
        ("psql --password <alnum 9> -h db", "tool -token '<alnum 9> <alnum 4>'"),
        ("tool --token --verbose", "--password is required", "--password-file /run/x"),
    ),
    Pattern(
        "a name, then what looks like a secret",
        settings.after_space,
        (
            "aws configure set aws_secret_access_key <hex 40>",
            "the token is <hex 32>",
            "CREATE USER ada PASSWORD '<alnum 9>'",
            "CREATE USER ada IDENTIFIED BY '<alnum 9>'",
        ),
        (
            "password authentication failed",
            "token manual__2024-01-01T00:00:00",
            'secret "airflow-fernet-key" not found',
            "the password of the user",
        ),
    ),
    Pattern(
        "a name and a value in parentheses",
        settings.pairs,
        (
            "('DB_PASSWORD', '<alnum 9>')",
            "os.environ.setdefault('API_TOKEN', '<alnum 20>')",
            "['psql', '--password', '<alnum 9>']",
        ),
        ("select('id', 'password', 'email')", "('path', 'value')"),
    ),
    Pattern(
        "environment of a container",
        settings.named,
        (
            "- name: DB_PASSWORD\n  value: <alnum 9>",
            "{'name': 'API_TOKEN', 'value': '<alnum 20>', 'value_from': None}",
        ),
        ("- name: DB_HOST\n  value: postgres",),
    ),
    Pattern(
        "elements of XML",
        settings.elements,
        ("<password><alnum 9></password>",),
        ("<passage>text</passage>", "<password></password>"),
    ),
    Pattern(
        "settings inside a URL",
        settings.encoded,
        ("?extra=%7B%22password%22%3A%20%22<alnum 9>%22%7D", "next=%3Ftoken%3D<alnum 20>%26page"),
        ("%22passenger%22%3A%222%22",),
    ),
    Pattern(
        "options of programs",
        commands.options,
        (
            "mysql -h db -p<alnum 9> -P 3306",
            "sshpass -p <alnum 9> ssh db",
            "curl -u ada:<alnum 9> http://x",
            "['curl', '-u', 'ada:<alnum 9>']",
            "docker login -u ada -p <alnum 9> registry.example",
            "redis-cli -a <alnum 12> ping",
        ),
        ("docker run -u 1000:1000 -p 8080:80 image", "mkdir -p folder", "mysql -h db -P 3306"),
    ),
)
PATTERNS = _ISSUED + _WRITTEN
