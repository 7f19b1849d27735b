"""The rules about credentials: 60 planted secrets of 20 kinds, and 60 texts that only look so.

The secrets are made up when the tests run, so that this file contains nothing that a scanner for
secrets would report.
"""

from __future__ import annotations

import datetime
import io
from collections import Counter

import pytest
from planted import planted
from rich.console import Console

from dagprof.config.checks import Checks
from dagprof.model import FileResult, Status
from dagprof.practices.checking import Checked, check
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.practices.subject import Subject
from dagprof.report.practices import FORMATS, write
from dagprof.report.practices.terminal import render
from unit.builders import run, samples

CODES = ("DP701", "DP702", "DP704")

# The kind, the rule that should find the secret, and the source.
PLANTED = [
    ("keyword", "DP701", "psycopg2.connect(host='db', user='etl', password='<alnum 12>')"),
    ("keyword", "DP701", "Client(url, api_key='<alnum 20>')"),
    ("keyword", "DP701", "ssh.connect(host, username='etl', passphrase='Sunny<digits 6>!')"),
    ("dict", "DP701", "CONFIG = {'db': {'user': 'etl', 'password': '<alnum 12>'}}"),
    ("dict", "DP701", "SETTINGS['client_secret'] = '<alnum 24>'"),
    ("dict", "DP701", "login = dict(user='etl', pwd='<alnum 10>')"),
    ("default_args", "DP702", "default_args = {'owner': 'data', 'password': '<alnum 12>'}"),
    (
        "default_args",
        "DP702",
        "DAG('a', default_args={'owner': 'data', 'env': {'API_TOKEN': '<alnum 24>'}})",
    ),
    (
        "default_args",
        "DP702",
        "default_args: dict[str, object] = {'hook_params': {'secret_key': '<hex 32>'}}",
    ),
    ("parameter", "DP702", "def connect(host, password='<alnum 12>'):\n    pass"),
    ("parameter", "DP702", "@task\ndef load(*, api_token: str = '<alnum 24>') -> None:\n    pass"),
    ("parameter", "DP702", "async def fetch(url, auth=('etl', '<alnum 12>')):\n    pass"),
    ("environment", "DP701", "os.environ['DB_PASSWORD'] = '<alnum 12>'"),
    ("environment", "DP701", "token = os.getenv('SERVICE_TOKEN', '<alnum 24>')"),
    ("environment", "DP701", "k8s.V1EnvVar(name='DB_PASSWORD', value='<alnum 12>')"),
    ("URI of a database", "DP704", "URL = 'postgresql+psycopg2://etl:<alnum 12>@db:5432/sales'"),
    ("URI of a database", "DP704", "create_engine('mysql://root:<alnum 6>%21<alnum 6>@db/sales')"),
    ("URI of a database", "DP704", "MongoClient('mongodb+srv://etl:<alnum 14>@c0.example.net/x')"),
    ("URI of a broker", "DP704", "app.conf.broker_url = 'amqp://etl:<alnum 12>@mq:5672//'"),
    ("URI of a broker", "DP704", "redis.from_url('rediss://:<alnum 16>@cache:6379/0')"),
    (
        "URI of a broker",
        "DP701",
        """sasl = 'PlainLoginModule required username="etl" password="<alnum 12>";'""",
    ),
    ("AWS", "DP701", "KEY_ID = 'AKIA<caps 16>'"),
    ("AWS", "DP701", "boto3.client('s3', aws_secret_access_key='<base64 40>')"),
    ("AWS", "DP701", "storage_options = {'key': 'x', 'token': None, 'secret': '<base64 40>'}"),
    ("GitHub and GitLab", "DP701", "g = Github('ghp_<alnum 36>')"),
    ("GitHub and GitLab", "DP701", "PAT = 'github_pat_<alnum 22>_<alnum 59>'"),
    ("GitHub and GitLab", "DP701", "headers = {'PRIVATE-TOKEN': 'glpat-<alnum 20>'}"),
    ("Slack", "DP701", "WebClient('xoxb-<digits 12>-<digits 12>-<alnum 24>')"),
    (
        "Slack",
        "DP701",
        "post('https://hooks.slack.com/services/T<caps 8>/B<caps 10>/<alnum 24>', json=body)",
    ),
    ("Slack", "DP701", "SlackAPIPostOperator(task_id='x', token='xoxp-<digits 12>-<hex 32>')"),
    ("Google", "DP701", "maps = build('maps', developerKey='AIza<alnum 35>')"),
    (
        "Google",
        "DP701",
        (
            """KEYFILE = ('{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----'"""
            """ '\\\\n<base64 64>\\\\n-----END PRIVATE KEY-----\\\\n"}')"""
        ),
    ),
    ("Google", "DP701", "flow(client_id='x.apps.example', client_secret='GOCSPX-<alnum 28>')"),
    (
        "Azure",
        "DP701",
        (
            "BlobServiceClient.from_connection_string('DefaultEndpointsProtocol=https;"
            "AccountName=sales;AccountKey=<base64 86>==;EndpointSuffix=core.windows.net')"
        ),
    ),
    (
        "Azure",
        "DP701",
        "read('https://a.blob.core.windows.net/c/x.csv?sv=2022-11-02&sp=r&sig=<alnum 43>%3D')",
    ),
    ("Azure", "DP701", "ClientSecretCredential('tenant', 'client', '<alnum 3>8Q~<alnum 34>')"),
    ("JSON web token", "DP701", "JWT = 'eyJ<alnum 20>.eyJ<alnum 50>.<alnum 43>'"),
    (
        "JSON web token",
        "DP701",
        "get(url, cookies={'session': 'eyJ<alnum 20>.eyJ<alnum 40>.<alnum 43>'})",
    ),
    ("JSON web token", "DP701", "jwt.encode(payload, key='<alnum 32>', algorithm='HS256')"),
    (
        "private key",
        "DP701",
        (
            'KEY = """-----BEGIN RSA PRIVATE KEY-----\n<base64 64>\n<base64 64>\n'
            '-----END RSA PRIVATE KEY-----"""'
        ),
    ),
    (
        "private key",
        "DP701",
        (
            "SSHHook(remote_host='x', pkey=load('-----BEGIN OPENSSH PRIVATE KEY-----\\n"
            "<base64 70>\\n-----END OPENSSH PRIVATE KEY-----'))"
        ),
    ),
    ("private key", "DP701", "PRIVATE_KEY_B64 = 'LS0tLS1CRUdJTiBQUklWQVRF<alnum 60>'"),
    ("basic auth", "DP701", "requests.get(url, auth=('etl', '<alnum 12>'))"),
    ("basic auth", "DP701", "requests.get(url, auth=HTTPBasicAuth('etl', '<alnum 12>'))"),
    (
        "basic auth",
        "DP701",
        "BashOperator(task_id='x', bash_command='curl -u etl:<alnum 12> https://x')",
    ),
    ("bearer header", "DP701", "HEADERS = {'Authorization': 'Bearer <alnum 40>'}"),
    ("bearer header", "DP701", "session.headers['X-Api-Key'] = '<alnum 32>'"),
    ("bearer header", "DP701", "get(url, headers={'Authorization': f'Basic <base64 27>='})"),
    ("joined text", "DP704", "URL = f'postgresql://etl:<alnum 12>@{host}/sales'"),
    ("joined text", "DP701", "FERNET_KEY = b'<alnum 43>='"),
    ("joined text", "DP701", "PASSWORD = '<alnum 8>' + '<alnum 8>'"),
    ("attribute", "DP701", "class Warehouse:\n    user = 'etl'\n    password = '<alnum 12>'"),
    (
        "attribute",
        "DP701",
        "@dataclass\nclass Login:\n    user: str = 'etl'\n    token: str = field(default='<alnum 24>')",
    ),
    (
        "attribute",
        "DP701",
        "class A:\n    def __init__(self):\n        self._secret = '<alnum 20>'",
    ),
    ("Connection", "DP701", "Connection(conn_id='x', login='etl', password='<alnum 12>')"),
    ("Connection", "DP704", "Connection('x', uri='snowflake://etl:<alnum 12>@account/sales')"),
    (
        "Connection",
        "DP701",
        """Connection(conn_id='x', extra='{"region": "eu", "api_key": "<alnum 24>"}')""",
    ),
    ("text", "DP701", "DAG('a', doc_md='# Sales\\nLog in as etl with the password: <alnum 12>')"),
    (
        "text",
        "DP701",
        'CONFIG = yaml.safe_load("""\ndb:\n  user: etl\n  password: <alnum 12>\n""")',
    ),
    ("text", "DP701", "hook.run(\"CREATE USER etl WITH PASSWORD '<alnum 12>'\")"),
]

LOOK_ALIKES = [
    # Names of secrets and where they are kept.
    "SECRET_NAME = 'projects/sales/secrets/warehouse-password/versions/latest'",
    "secret = 'airflow-warehouse-password'",
    "Secret('env', 'DB_PASSWORD', 'airflow-secrets', 'db_password')",
    "Secret(deploy_type='volume', deploy_target='/etc/sql', secret='airflow-secrets', key='sql-key')",
    "k8s.V1SecretKeySelector(name='warehouse-credentials', key='password')",
    "k8s.V1EnvVar(name='DB_PASSWORD', value_from=from_secret('warehouse', 'password'))",
    "get_secret_value(SecretId='prod/warehouse/password')['SecretString']",
    "vault.read(path='secret/data/warehouse', key='password')",
    "token_secret_arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales-AbC1dE'",
    "DbtCloudRunJobOperator(task_id='x', token_file='/run/secrets/dbt_token')",
    # Templates, and look-ups of the environment.
    "connect(password='{{ conn.warehouse.password }}')",
    "env={'API_TOKEN': '{{ var.value.get(\"api_token\", \"\") }}'}",
    "default_args = {'password': os.environ.get('DB_PASSWORD', '')}",
    "password = os.environ['DB_PASSWORD']",
    "token = Variable.get('service_api_token')",
    "api_key = BaseHook.get_connection('maps_api').password",
    "bash_command='psql postgresql://etl:$DB_PASSWORD@db/sales -f load.sql'",
    "URL = f'postgresql://{user}:{password}@{host}/sales'",
    "URL = 'mysql://{}:{}@{}/sales'.format(user, password, host)",
    "URL = 'postgresql://%s:%s@db/sales' % (user, password)",
    "headers = {'Authorization': f'Bearer {token}'}",
    "headers = {'Authorization': 'Bearer {{ var.value.token }}'}",
    "bash_command='curl -H \"Authorization: Bearer ${TOKEN}\" https://x'",
    # Hashes, identifiers, versions.
    "COMMIT = '4f9d2c1ab3e87f605d1c2b3a49587f6e0d1c2b3a'",
    "run_key = '123e4567-e89b-42d3-a456-426614174000'",
    "CLIENT_ID = '7d3f1c52-9a0b-4e8d-b1c6-2f4e6a8b0c1d'",
    "SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
    "image='registry.example/etl@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'",
    "image='123456789012.dkr.ecr.eu-west-1.amazonaws.com/etl:v1.2.3-4f9d2c1'",
    "pip_hash = 'sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'",
    "INTEGRITY = 'sha512-9/u6bgY2+JDlb7vzKD5STG+jIErimDgtYkdB0NxmODJuKCxBvl5CVNiCB3LFUYosWowMf37aGVlKfrU5RT4e1w=='",
    "project_id = 'sales-prod-4711'\ndataset = 'mart_2024_q1'",
    "network(subnet_id='subnet-0a1b2c3d4e5f67890', security_groups=['sg-0123456789abcdef0'])",
    "job_flow_id='j-2AXXXXXXGAPLF'",
    "SPREADSHEET = '1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms'",
    "TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'",
    # Paths, and ids of Connections.
    "key='raw/2024/01/01/part-00000-3f2a9c1e-c000.snappy.parquet'",
    "S3KeySensor(task_id='x', bucket_key='s3://sales/incoming/{{ ds }}/_SUCCESS')",
    "private_key_path = '/opt/airflow/keys/snowflake_rsa_key.p8'",
    "ssh_key_file = '~/.ssh/id_rsa'",
    "postgres_conn_id='warehouse_password_rotation'",
    "http_conn_id='token_service_v2'",
    "TOKEN_URL = 'https://login.example.com/oauth2/v2.0/token'",
    "URL = 'https://user@git.example/sales.git'",
    # Placeholders, help texts, type hints.
    "connect(user='etl', password='<password>')",
    "API_KEY = 'your-api-key-here'",
    "PASSWORD = 'changeme'",
    "connect(password='***')",
    "def connect(password: str = '', token: str | None = None) -> None:\n    pass",
    "class Login(TypedDict):\n    password: 'SecretStr'\n    token: 'str | None'",
    "parser.add_argument('--token', help='Token of the service user; see the wiki, page 12')",
    "raise ValueError('The password must have at least 12 characters')",
    "log.info('Token expires in %s seconds', left)",
    "params={'password_hint': Param('', description='First pet')}",
    "widget = {'type': 'password', 'label': 'Password', 'required': True}",
    # Regular expressions, public keys, words.
    "TOKEN_PATTERN = r'ghp_[A-Za-z0-9]{36}'",
    "PASSWORD_RULE = re.compile(r'^(?=.*[A-Z])(?=.*[0-9]).{12,}$')",
    "PUBLIC = '-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYI\\n-----END PUBLIC KEY-----'",
    "known_host = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk8R0Jv3v6lQ5Yb0nq3cZzT1xW2u8sD4fG7hJ9kL0mN'",
    "sort_key = 'created_at'\npartition_key = 'customerId2'\nprimary_key = ['order_id', 'line_no']",
]

# Planted secrets that the rules do not find. At most 3 of 60 may be here.
MISSED = (
    # ``key`` alone says too little.
    "jwt.encode(payload, key='<alnum 32>', algorithm='HS256')",
)
# The first secret of these rows is the name of the second one.
AS_NAMES = (
    "TOKENS = {'ghp_<alnum 36>': 'ghp_<alnum 36>'}",
    "TOKENS['glpat-<alnum 20>'] = 'glpat-<alnum 20>'",
    "os.environ.setdefault('xoxb-<digits 12>-<digits 12>-<alnum 24>', 'ghp_<alnum 36>')",
)
# Two secrets of one line are in different places.
IN_ONE_LINE = (
    "connect('postgresql://etl:<alnum 12>@db/sales', password='<alnum 12>')",
    "def connect(url='amqp://etl:<alnum 12>@mq//', password='<alnum 12>'):\n    pass",
    "default_args = {'password': '<alnum 12>'}; API_KEY = '<hex 32>'",
)


def subject_of(sources: dict[str, str]) -> Subject:
    files = [
        FileResult(
            path=path, status=Status.OK, dag_ids=(path[:-3],), task_count=1, samples=samples(100.0)
        )
        for path in sources
    ]
    return Subject(run(*files), sources)


def found(source: str) -> list[Finding]:
    """The findings of the rules about credentials in a file with this source."""
    subject = subject_of({"a.py": source})
    assert subject.module("a.py") is not None, source
    return [finding for code in CODES for finding in RULES[code].find(subject)]


def _checked(sources: dict[str, str]) -> Checked:
    return check(subject_of(sources), Checks(), datetime.date(2025, 1, 1))


def outputs(checked: Checked) -> dict[str, str]:
    """Everything that dagprof prints or writes about the findings."""
    screen = io.StringIO()
    render(checked, console=Console(file=screen, width=200), shows_all=True)
    return {
        "terminal": screen.getvalue(),
        **{kind: write(kind, checked, version="1") for kind in FORMATS},
    }


def test_the_tables_have_sixty_rows_each_and_twenty_kinds() -> None:
    assert len(PLANTED) == len(LOOK_ALIKES) == 60
    assert len({source for _, _, source in PLANTED}) == len(set(LOOK_ALIKES)) == 60
    assert set(Counter(kind for kind, _, _ in PLANTED).values()) == {3}
    assert set(MISSED) <= {source for _, _, source in PLANTED}


@pytest.mark.parametrize(
    ("code", "source"), [(code, text) for _, code, text in PLANTED if text not in MISSED]
)
def test_a_planted_secret_is_found_at_its_line(code: str, source: str) -> None:
    for seed in range(5):
        made = planted(source, seed)
        findings = found(made.text)
        assert findings, made.text
        assert {finding.code for finding in findings} == {code}
        lines = made.text.splitlines()
        for finding in findings:
            assert any(secret in "\n".join(lines[finding.line - 1 :]) for secret in made.secrets), (
                finding
            )


@pytest.mark.parametrize("source", LOOK_ALIKES)
def test_a_text_that_only_looks_like_a_secret_has_no_finding(source: str) -> None:
    assert found(source) == []


def test_no_output_contains_a_secret() -> None:
    for seed in range(3):
        sources = [*(source for _, _, source in PLANTED), *AS_NAMES, *IN_ONE_LINE]
        made = [planted(source, seed) for source in sources]
        checked = _checked({f"f{number}.py": each.text for number, each in enumerate(made)})
        assert {each.path for each in checked.open} >= {
            f"f{number}.py" for number, source in enumerate(sources) if source not in MISSED
        }
        for name, text in outputs(checked).items():
            left = [secret for each in made for secret in each.secrets if secret in text]
            assert not left, (name, left)
