variable "source_date_epoch" {
  type        = string
  description = "Time of the commit in Unix seconds, which the build that seals the image takes too."
  default     = "0"
}

variable "source_image" {
  type        = string
  description = "Exact image to start from, never a family."
  validation {
    condition     = var.source_image != "" && regex_replace(var.source_image, "^[a-z][a-z0-9-]*-v?[0-9]{8}[a-z]?$", "") == ""
    error_message = "The source_image must name one dated image."
  }
}

variable "zone" {
  type        = string
  description = "Zone of the builder, such as europe-west4-a."
}

variable "subnetwork" {
  type        = string
  description = "Subnetwork of the builder."
  default     = ""
}

variable "machine_type" {
  type        = string
  description = "Machine type of the builder; nothing of it is measured."
  default     = "n2-standard-2"
}
