"""The distribution that provides a missing module. The table contains common distributions whose
name differs from the name of the module.
"""

from __future__ import annotations

_NAMES = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "Pillow",
    "airflow_dbt": "airflow-dbt",
    "airflow_clickhouse_plugin": "airflow-clickhouse-plugin",
    "apiclient": "google-api-python-client",
    "astro": "astro-sdk-python",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "clickhouse_driver": "clickhouse-driver",
    "cosmos": "astronomer-cosmos",
    "cv2": "opencv-python",
    "dagfactory": "dag-factory",
    "dateutil": "python-dateutil",
    "dbt": "dbt-core",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "fivetran_provider": "airflow-provider-fivetran",
    "fivetran_provider_async": "airflow-provider-fivetran-async",
    "git": "GitPython",
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.oauth2": "google-auth",
    "google.cloud.exceptions": "google-cloud-core",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "great_expectations_provider": "airflow-provider-great-expectations",
    "gridfs": "pymongo",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "openlineage": "openlineage-python",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "ruamel": "ruamel.yaml",
    "sentry_sdk": "sentry-sdk",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "snowflake": "snowflake-connector-python",
    "snowflake.sqlalchemy": "snowflake-sqlalchemy",
    "telegram": "python-telegram-bot",
    "win32api": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
# Packages whose subpackages are separate distributions, and how many parts of a module's name
# identify such a distribution.
_PARTS = {"google.cloud": 3, "azure": 3, "opentelemetry": 2}
_PROVIDERS = "airflow.providers."
# Folders of ``airflow.providers`` that hold several providers.
_FAMILIES = ("apache", "atlassian", "cncf", "common", "dbt", "microsoft")


def is_known(module: str) -> bool:
    """Whether the table contains the distribution of a module. Otherwise, dagprof guesses the
    distribution from the name of the module.
    """
    return _known(module) is not None


def distribution_of(module: str) -> str:
    """The distribution that usually provides a module. For an unknown module, the result is the
    name of the module.
    """
    return _known(module) or module.partition(".")[0].replace("_", "-")


def _known(module: str) -> str | None:
    parts = module.split(".")
    if module.startswith(_PROVIDERS) and len(parts) > 2:
        length = 2 if parts[2] in _FAMILIES and len(parts) > 3 else 1
        return "-".join(["apache-airflow-providers", *parts[2 : 2 + length]])
    for length in range(len(parts), 0, -1):
        if (name := _NAMES.get(".".join(parts[:length]))) is not None:
            return name
    for family, length in _PARTS.items():
        if module.startswith(family + ".") and len(parts) >= length:
            return "-".join(parts[:length])
    return None
