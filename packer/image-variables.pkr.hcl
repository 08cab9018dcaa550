variable "version" {
  type        = string
  description = "Version of the image, such as 2.4.0 or 2.4.0-rc.1."
  validation {
    condition     = var.version != "" && regex_replace(var.version, "^(0|[1-9][0-9]*)([.](0|[1-9][0-9]*)){2}(-rc[.][1-9][0-9]*)?$", "") == ""
    error_message = "The version must be one such as 2.4.0 or 2.4.0-rc.1."
  }
}

variable "commit" {
  type        = string
  description = "Commit that the image is built from."
  validation {
    condition     = var.commit != "" && regex_replace(var.commit, "^[0-9a-f]{40}$", "") == ""
    error_message = "The commit must be 40 lower-case hex digits."
  }
}

variable "project_id" {
  type        = string
  description = "Project that gets the image."
}

variable "lockdown_profile" {
  type        = string
  description = "Which of the three images."
  validation {
    condition     = contains(["debug", "debug-read-only", "locked-read-only"], var.lockdown_profile)
    error_message = "The lockdown_profile must be debug, debug-read-only or locked-read-only."
  }
}

variable "output_directory" {
  type        = string
  description = "Folder for what is built; made where it is missing."
}
