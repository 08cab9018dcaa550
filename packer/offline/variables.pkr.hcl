variable "bucket" {
  type        = string
  description = "Bucket through which the disk goes into the project."
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
