# Only what an old Packer cannot read: leave this file out to validate the others offline.
packer {
  required_plugins {
    googlecompute = {
      version = "= 1.2.1"
      source  = "github.com/hashicorp/googlecompute"
    }
    ansible = {
      version = "= 1.1.3"
      source  = "github.com/hashicorp/ansible"
    }
  }
}
