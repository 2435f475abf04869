# Two stages: everything is built and installed in the first; the second has a Python, the finished environment and
# nothing to build with. Here the base has a tag; a release pins its digest (`PYTHON=python:...@sha256:...`, resolved in
# .github/workflows/release.yml and recorded in the image's provenance).
ARG PYTHON=python:3.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.txt requirements-build.txt ./
# The locked dependencies come before the source: a change of code rebuilds none of them.
RUN python -m venv /opt/aiprobe \
 && /opt/aiprobe/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r requirements.txt
RUN python -m venv /build/tools \
 && /build/tools/bin/python -m pip install --no-deps --require-hashes --only-binary :all: -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
COPY alerts alerts
COPY dashboards dashboards
RUN /build/tools/bin/python -m hatchling build -t wheel -d /build/dist \
 && /opt/aiprobe/bin/python -m pip install --no-deps --no-index /build/dist/aiprobe-*.whl \
 && /opt/aiprobe/bin/python -m pip check \
 && /opt/aiprobe/bin/python -m pip uninstall --yes pip \
 && mkdir -p /var/lib/aiprobe /etc/aiprobe

FROM ${PYTHON}
LABEL org.opencontainers.image.title="aiprobe" \
      org.opencontainers.image.description="Prometheus exporter that asks AI services real questions" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/aiprobe /opt/aiprobe
COPY --from=build /etc/aiprobe /etc/aiprobe
# What must survive a restart is in the working directory, which this user can write; nothing else needs to be writable.
COPY --from=build --chown=10529:10529 /var/lib/aiprobe /var/lib/aiprobe
ENV PATH=/opt/aiprobe/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /var/lib/aiprobe
VOLUME /var/lib/aiprobe
# A number, so that Kubernetes can see that it is not root.
USER 10529:10529
EXPOSE 10529
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["aiprobe", "healthcheck"]
ENTRYPOINT ["aiprobe"]
CMD ["serve", "--config.file", "/etc/aiprobe/aiprobe.yml"]
