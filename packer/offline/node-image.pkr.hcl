# The disk is built on this machine, without a cloud, from nothing or from the root of a machine of packer/builder: its bytes, and so what it measures as, are known before it is imported.
locals {
  image_name = "merotee-${var.lockdown_profile}-${replace(var.version, ".", "-")}"
}

source "null" "node-image" {
  communicator = "none"
}

build {
  sources = ["source.null.node-image"]

  provisioner "shell-local" {
    environment_vars = [
      "IMAGE_PROFILE=${var.lockdown_profile}",
      "IMAGE_VERSION=${var.version}",
      "IMAGE_OUT=${var.output_directory}",
      "IMAGE_PROJECT=${var.project_id}",
      "IMAGE_ROOT=${var.root_archive}",
      "IMAGE_PACKAGES_LOCK=${var.packages_lock}",
    ]
    inline = [
      "node scripts/image/build.ts --profile \"$IMAGE_PROFILE\" --version \"$IMAGE_VERSION\" --project \"$IMAGE_PROJECT\" --out \"$IMAGE_OUT\" $${IMAGE_ROOT:+--root \"$IMAGE_ROOT\"} $${IMAGE_PACKAGES_LOCK:+--packages-lock \"$IMAGE_PACKAGES_LOCK\"}",
    ]
  }

  post-processors {
    post-processor "artifice" {
      files = ["${var.output_directory}/disk.tar.gz"]
    }

    post-processor "googlecompute-import" {
      project_id              = var.project_id
      bucket                  = var.bucket
      image_name              = local.image_name
      image_family            = "merotee-${var.lockdown_profile}"
      image_description       = "Calimero node, ${var.lockdown_profile}, ${var.version}"
      image_guest_os_features = ["UEFI_COMPATIBLE", "TDX_CAPABLE", "GVNIC"]
      image_labels = {
        commit  = var.commit
        profile = var.lockdown_profile
        version = replace(var.version, ".", "-")
      }
    }
  }
}
