# The operator's image, and the prediction gateway's. Any base with Debian 12's libc works; Python 3.11 is added where it is absent:
#   docker build -t inference-operator .
#   docker build -t inference-gateway --target gateway .
#   python -m hack.images build operator; python -m hack.images build gateway        (without Docker)
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS python
RUN command -v python3.11 >/dev/null \
 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3.11 ca-certificates \
      && apt-get clean && rm -rf /var/lib/apt/lists/*; }

FROM python AS dependencies
RUN python3.11 -c "import ensurepip" 2>/dev/null \
 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3.11-venv; }
RUN python3.11 -m venv /build && python3.11 -m venv --without-pip /opt/operator
COPY requirements/operator.txt /build/
# Tests, stubs, bundled sources, the reference evaluator of ONNX, numpy's tools for compilers, the
# descriptions of AWS services other than S3 and logins, and the typed objects of the Kubernetes client
# (the operator sends and reads plain JSON) go; what stays is compiled once, because a read-only pod
# can not.
RUN /build/bin/pip --python /opt/operator/bin/python install --no-cache-dir --no-compile \
      --only-binary=:all: --require-hashes -r /build/operator.txt \
 && cd /opt/operator/lib/python3.11/site-packages \
 && find . -depth -type d \( -name tests -o -name test \) -exec rm -rf {} + \
 && rm -rf onnx/reference onnx/fuzz numpy/distutils numpy/f2py numpy/random/_examples numpy/_pyinstaller boto3/examples \
 && find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts ! -name "sso*" ! -name signin \
      -exec rm -rf {} + \
 && rm -rf kubernetes/client/api/[!_]* kubernetes/client/models/[!_]* \
      kubernetes/aio/client/api/[!_]* kubernetes/aio/client/models/[!_]* \
 && find . -type f \( -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.h" -o -name "*.c" -o -name "*.cc" -o -name "*.proto" -o -name "*.a" -o -name "*.rst" -o -name "*.tab" -o -name "tzdata.zi" \) -delete \
 && python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM python AS gateway-parts
RUN python3.11 -c "import ensurepip" 2>/dev/null \
 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3.11-venv; }
RUN python3.11 -m venv /build && python3.11 -m venv --without-pip /opt/gateway
COPY requirements/serving.txt /build/
RUN /build/bin/pip --python /opt/gateway/bin/python install --no-cache-dir --no-compile \
      --only-binary=:all: --require-hashes -r /build/serving.txt \
 && cd /opt/gateway/lib/python3.11/site-packages \
 && find . -depth -type d \( -name tests -o -name test \) -exec rm -rf {} + \
 && rm -rf numpy/distutils numpy/f2py numpy/random/_examples numpy/_pyinstaller \
 && find . -type f \( -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.h" -o -name "*.c" -o -name "*.cc" -o -name "*.proto" -o -name "*.a" \) -delete \
 && python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash .
COPY model_builders /opt/gateway/lib/python3.11/site-packages/model_builders
COPY serving /opt/gateway/lib/python3.11/site-packages/serving
RUN cd /opt/gateway/lib/python3.11/site-packages \
 && python3.11 -m compileall -q --invalidation-mode unchecked-hash model_builders serving

FROM python AS gateway
COPY --from=gateway-parts /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /tmp
EXPOSE 8005
LABEL org.opencontainers.image.title="inference-gateway" \
      org.opencontainers.image.description="A prediction gateway in front of models that Triton serves" \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["python3.11", "-m", "serving.gateway"]

FROM dependencies AS project
COPY requirements/build.txt /build/
RUN /build/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes -r /build/build.txt
COPY pyproject.toml /project/
COPY operator/inference_operator /project/operator/inference_operator
COPY model_builders /project/model_builders
# The readme is for people who read the repository, not for the image.
RUN touch /project/README.md \
 && /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel /project \
 && /build/bin/pip --python /opt/operator/bin/python install --no-deps --no-index --no-compile \
      --root /installed /wheel/*.whl \
 && python3.11 -m compileall -q --invalidation-mode unchecked-hash /installed

FROM python
COPY --from=dependencies /opt/operator /opt/operator
COPY --from=project /installed/ /
ENV PATH=/opt/operator/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /tmp
LABEL org.opencontainers.image.title="inference-operator" \
      org.opencontainers.image.description="A Kubernetes operator for NVIDIA Triton Inference Server" \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["inference-operator"]
