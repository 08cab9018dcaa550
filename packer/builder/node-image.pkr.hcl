# The same roles on a machine of the cloud, over SSH, for a distribution's own image with its patches. No image comes of this machine: nothing
# would verify its root. What comes of it is an archive of that root, which `packer/offline` seals with `root_archive`, and imports.
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
  skip_create_image               = true
}

build {
  sources = ["source.googlecompute.node-image"]

  # All but what the machine needs while it runs: accounts, SSH and logs go, and the tree is judged, when it is sealed.
  provisioner "ansible" {
    playbook_file = "ansible/node-image.yml"
    user          = "packer"
    extra_arguments = [
      "--skip-tags", "sealing",
      "-e", "lockdown_profile=${var.lockdown_profile}",
      "-e", "image_version=${var.version}",
      "-e", "source_date_epoch=${var.source_date_epoch}",
    ]
  }

  provisioner "file" {
    source      = "packer/builder/archive-root"
    destination = "/tmp/archive-root"
  }

  provisioner "shell" {
    inline = [
      "sudo bash /tmp/archive-root /var/tmp/root.tar",
      "sudo chown packer /var/tmp/root.tar",
    ]
  }

  provisioner "file" {
    direction   = "download"
    source      = "/var/tmp/root.tar"
    destination = "${var.output_directory}/root.tar"
  }
}
