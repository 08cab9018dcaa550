# The same roles on a machine of the cloud, over SSH, for trying them on a distribution's own image.
source "googlecompute" "node-image" {
  project_id                      = var.project_id
  zone                            = var.zone
  subnetwork                      = var.subnetwork
  machine_type                    = var.machine_type
  source_image                    = var.source_image
  disk_size                       = 20
  disk_type                       = "pd-ssd"
  ssh_username                    = "packer"
  disable_default_service_account = true
  tags                            = ["packer", "merotee"]
  image_name                      = "merotee-unsealed-${var.lockdown_profile}-${replace(var.version, ".", "-")}"
  image_family                    = "merotee-unsealed-${var.lockdown_profile}"
  image_description               = "Calimero node, roles applied, root not verified, ${var.version}"
  image_labels = {
    commit  = var.commit
    profile = var.lockdown_profile
    version = replace(var.version, ".", "-")
  }
}

build {
  sources = ["source.googlecompute.node-image"]

  # The last role judges the machine and fails the build.
  provisioner "ansible" {
    playbook_file = "ansible/node-image.yml"
    user          = "packer"
    extra_arguments = [
      "-e", "lockdown_profile=${var.lockdown_profile}",
      "-e", "image_version=${var.version}",
    ]
  }
}
