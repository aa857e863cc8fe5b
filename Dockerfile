# autodisco in a container, for CPUs; docs/container.md.
#
#     docker build -t autodisco .
#     docker run --rm --init -v "$PWD:/work" -u "$(id -u):$(id -g)" autodisco check '*OCC*'
FROM debian:bookworm-slim

# Python 3.11, and the X libraries that RDKit's drawings need
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv libxrender1 libxext6 libexpat1 \
 && rm -rf /var/lib/apt/lists/*

COPY constraints.txt /src/
# torch first and alone, from the index of builds without CUDA; TORCH_INDEX names another one
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python3 -m venv /opt/autodisco \
 && /opt/autodisco/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' /src/constraints.txt)"

COPY pyproject.toml README.md LICENSE /src/
COPY autodisco /src/autodisco
COPY kernels /src/kernels
COPY campaigns /src/campaigns
RUN /opt/autodisco/bin/pip install --no-cache-dir -c /src/constraints.txt '/src[cluster,formats,notify,parquet,stability]'

# Any user may run it: compiled kernels and settings of libraries go to a folder that everybody can write to.
ENV PATH=/opt/autodisco/bin:$PATH HOME=/var/autodisco NUMBA_CACHE_DIR=/var/autodisco/numba MPLCONFIGDIR=/var/autodisco/matplotlib
RUN mkdir -m 1777 /var/autodisco /work && autodisco check '*OCC*' && chmod -R a+rwX /var/autodisco

WORKDIR /work
ENTRYPOINT ["autodisco"]
CMD ["--help"]
