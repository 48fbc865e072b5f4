# One image for everything: serve, db upgrade, allocate. Stage one builds, stage two only runs.

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# With the extra that sends traces. Requirements before code: a change of code leaves this layer cached.
COPY requirements/build.txt requirements/otel.txt requirements/
RUN python -m venv /opt/fairquota \
    && /opt/fairquota/bin/pip install --require-hashes -r requirements/otel.txt \
    && pip install --require-hashes -r requirements/build.txt

COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/fairquota/bin/pip install --no-deps dist/*.whl


FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="FairQuota" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/fairquota fairquota
COPY --from=build /opt/fairquota /opt/fairquota

# Beyond loopback the service wants API keys; local mode would refuse to listen here.
ENV PATH=/opt/fairquota/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FAIRQUOTA_ACCESS=keys

USER 10001
WORKDIR /var/lib/fairquota
VOLUME /var/lib/fairquota
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('FAIRQUOTA_PORT', '8000') + '/healthz', timeout=4)"]

ENTRYPOINT ["fairquota"]
CMD ["serve", "--host", "0.0.0.0"]
