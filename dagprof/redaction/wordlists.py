"""The words that decide whether names and values are secrets.

Each list is only data. A new word changes only the results of ``names`` and ``shapes``.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In names.

# These name a secret; a plural is one too.
SECRETS = _words(
    "password passwd passphrase passcode passwort pwd pass pw secret token credential cred creds"
    " dsn pat psk otp jwt sas cookie authorization bearer webhook htpasswd auth dockerconfigjson"
)
# The same inside a word without separators, such as ``PGPASSWORD`` and ``clientsecret``.
STEMS = _words(
    "password passwd passphrase credential apikey accesskey secretkey privatekey authkey signingkey"
    " masterkey encryptionkey sharedkey accountkey storagekey sshkey authtoken accesstoken"
    " refreshtoken sessiontoken clientsecret"
)
ENDINGS = ("pwd", "pass", "pw", "token", "secret")
WITHOUT_THAT_ENDING = _words("bypass compass trespass surpass encompass overpass underpass")
# A signature or a session, or something that everybody knows.
DOUBTFUL = _words(
    "signature sig hmac salt sid sessionid jsessionid phpsessid csrf xsrf license licence"
)
# What makes a key secret, and what makes it a key of data.
KEYS = _words(
    "api access secret private encryption encrypt decryption fernet master signing sign sig auth"
    " ssh storage shared subscription app application client service consumer deploy webhook"
    " functions admin account rsa dsa ec pgp gpg aes hmac jwt tls ssl sas write ingest ingestion"
    " instrumentation integration host bot stripe sendgrid openai anthropic datadog mailgun twilio"
    " slack github google aws azure gcp"
)
DATA_KEYS = _words(
    "primary foreign sort partition cache row cluster clustering distribution dist surrogate"
    " natural business unique composite group hash index join lookup merge dedupe object s3 gcs"
    " file path public xcom config dict map translation i18n metric tag label name column field"
    " date time message event job task dag run conf section setting variable param parameter"
    " entity order customer user idempotency shard any no some the a this that each main missing"
    " invalid unknown wrong press home arrow hot"
)
# Before a secret's word: the name counts secrets, or says whether there is one.
ABOUT_BEFORE = _words(
    "max min num n total count number prompt completion input output cached used remaining per is"
    " has no use uses without enable disable allow require requires needs missing invalid"
)
# After a secret's word: which one, or in which form.
VARIANTS = _words(
    "value val string str text plain plaintext raw b64 base64 hex bytes json encoded enc encrypted"
    " old new current previous prev next primary secondary main default backup prod production dev"
    " development stage staging test testing qa uat local live sandbox eu us uk ap emea header base"
    " data content contents url uri"
)
# After a secret's word: the value is about a secret.
ABOUT_AFTER = _words(
    "file filename path paths dir directory folder location mount volume name names type types kind"
    " endpoint host port server domain length len size count counts limit limits max min ttl"
    " expiry expires expire expired expiration age lifetime validity duration policy policies rule"
    " rules rotation rotate rotated enabled enable disabled required optional field fields column"
    " columns col version format method mode scheme prefix suffix separator delimiter backend"
    " backends manager store storage vault provider providers scope scopes algorithm algo alg hint"
    " label labels tag tags arn class cls ring regex pattern cmd command prompt attempts retries"
    " days hours minutes seconds secs ms timeout status state valid invalid error errors exception"
    " warning failure failed found missing reset change changed updated created at on date time"
    " timestamp counter usage budget rate bucket score index idx position offset iterator stream"
    " parser ids based only free less holder owner user username account email group role"
    " permission permissions level strength check checker checks validator validation verify"
    " verification service client operator hook sensor handler helper factory getter setter"
    " function func callback module page form input screen view template source target config"
    " settings options param params map mapping list dict table schema model object item items"
    " entry entries spec ref reference lookup engine dag task job fingerprint"
)
# In a query of a URL these may be secret too.
IN_QUERIES = _words("key code sig signature auth hmac")
# One of these is in every name that is a secret's, or may be.
HINTS = _words(
    "pass pwd pw secret token cred key auth dsn pat psk otp jwt sas cookie bearer hook sig hmac"
    " salt sid session csrf xsrf licen code identified dockerconfig"
)

# In values.

# These stand in place of a secret, or say something about one.
ORDINARY = _words(
    "none null nil true false yes no on off empty undefined unset missing required optional invalid"
    " expired wrong incorrect denied failed unknown default basic bearer digest token tokens secret"
    " secrets password passwords passwd pwd pass key keys auth oauth oauth1 oauth2 ldap kerberos"
    " oidc saml sso iam mfa rbac jwt plain plaintext disabled enabled str string int integer float"
    " bool boolean bytes object any dict list tuple set char varchar text type optional union"
    " redacted masked hidden removed omitted xxx xxxx todo is was are be must should may can cannot"
    " could would has have had not does did do the a an of in on at to for from with without and or"
    " but if when while as by this that it its field value authentication authorization login"
    " header error lambda await self cls values val line result response row raw item data args"
    " kwargs name user secretstr"
)
# An attribute of one of these is code.
OWNERS = _words(
    "self cls os conn connection config configuration conf settings cfg args kwargs params env"
    " environ environment request hook context variable basehook secrets keyring getpass data creds"
    " credentials options opts account session client response resp module"
)
# Words before a credential in ``Authorization``.
SCHEMES = _words("basic bearer token apikey negotiate key ssws genie-key")
# These are in use as passwords and everybody knows them: masked everywhere, they would make reports
# unreadable.
COMMON = _words(
    "admin airflow anonymous change changeme default demo development docker dummy example fake"
    " false guest hello local localhost master minio minioadmin mysql none null pass passwd"
    " password postgres postgresql private prod production public rabbitmq redis root sample secret"
    " server service staging string system test testing token true user username undefined value"
    " warehouse welcome worker"
)
# Fields of credentials that everybody may see.
PLAIN_FIELDS = _words(
    "host hostname port user username user_name login schema type conn_type database dbname db url"
    " uri auth_uri token_uri project project_id region region_name zone location account email"
    " client_email client_id tenant_id subscription_id scope scopes role role_arn warehouse bucket"
    " name description id version protocol scheme driver timeout"
)
# Users of Git servers that are no tokens.
PLAIN_USERS = _words("git user username oauth2 admin anonymous guest")
# Names of fields that stand before the address of a person.
ADDRESSES = _words(
    "mailto sip sips xmpp acct tel cid mid email mail e-mail user owner owners from to cc bcc"
    " author contact account login username sender recipient recipients by reply-to support admin"
)
