# docker buildx bake             builds every team's image, side by side, sharing what they share
# docker buildx bake sales       builds one
variable "PROVIDER" {
  default = "dist" # a folder with the provider's wheel
}

group "default" {
  targets = ["sales", "risk"]
}

target "team" {
  contexts = { provider = PROVIDER }
}

target "sales" {
  inherits = ["team"]
  target   = "sales"
  tags     = ["airflow-sales:dev"]
}

target "risk" {
  inherits = ["team"]
  target   = "risk"
  tags     = ["airflow-risk:dev"]
}

target "all" {
  inherits = ["team"]
  target   = "all"
  tags     = ["airflow-all:dev"]
}
