namespace ActorTrain.Host.Diagnostics;

/// <summary>What a tensor platform found and chose; its first four parts go into the numeric fingerprint.</summary>
/// <param name="Libtorch">Version of libtorch.</param>
/// <param name="Blas">BLAS library and core type.</param>
/// <param name="OneDnn">oneDNN's version and instruction set.</param>
/// <param name="Aten">ATen's vector instruction set.</param>
/// <param name="Found">What the machine has, for people.</param>
/// <param name="Choices">What was chosen because of it, for people.</param>
public sealed record TensorPlatformReport(
    string Libtorch, string Blas, string OneDnn, string Aten, IReadOnlyList<Finding> Found, IReadOnlyList<Chosen> Choices);
