"""Rules about secrets in source code and in serialised DAGs. No finding contains a secret."""
