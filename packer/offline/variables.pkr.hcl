variable "lockdown_profile" {
  type        = string
  description = "Which of the three images."
  validation {
    condition     = contains(["debug", "debug-read-only", "locked-read-only"], var.lockdown_profile)
    error_message = "The lockdown_profile must be debug, debug-read-only or locked-read-only."
  }
}

variable "bucket" {
  type        = string
  description = "Bucket through which the disk goes into the project."
}

variable "output_directory" {
  type        = string
  description = "Where the build leaves disk.tar.gz; made by the build."
}

variable "root_archive" {
  type        = string
  description = "The root.tar of packer/builder, to seal in place of a Debian from nothing."
  default     = ""
}

variable "packages_lock" {
  type        = string
  description = "List that the packages must equal; that of the profile in ansible/packages unless given."
  default     = ""
}
