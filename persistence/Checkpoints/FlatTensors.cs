using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.Checkpoints;

internal static class FlatTensors
{
    public static IEnumerable<TensorSlice> Of(FlatLayout layout, HostBuffer buffer, string prefix) =>
        layout.Entries.Select(
            entry => new TensorSlice(prefix + entry.Name, SafetensorsDtype.F32, entry.Shape, buffer, entry.Offset * sizeof(float)));

    /// <summary>The place of each tensor of a file in the buffers.</summary>
    /// <param name="buffers">By the prefix of their tensors' names in the file.</param>
    /// <remarks>The critic's tensors have no place in a layout of the policy alone.</remarks>
    /// <exception cref="UserErrorException">The file's tensors are not those of the layout.</exception>
    public static Dictionary<string, (HostBuffer Buffer, long Offset)> Match(
        SafetensorsFile file, FlatLayout layout, Dictionary<string, HostBuffer> buffers)
    {
        var places = new Dictionary<string, (HostBuffer, long)>(StringComparer.Ordinal);
        foreach (var (prefix, buffer) in buffers)
        {
            foreach (var slice in Of(layout, buffer, prefix))
            {
                var found = file.Find(slice.Name)
                    ?? throw new UserErrorException(
                        $"{file.Path} has no tensor {slice.Name}, which the model requires; use the configuration that the checkpoint " +
                        $"was written with.");
                if (found.Dtype != SafetensorsDtype.F32 || !found.Shape.SequenceEqual(slice.Shape))
                {
                    throw new UserErrorException(
                        $"In {file.Path} the tensor {slice.Name} is {found.DtypeName} {SafetensorsEntry.Format(found.Shape)}, " +
                        $"but the model requires F32 {SafetensorsEntry.Format(slice.Shape)}; " +
                        "use the configuration that the checkpoint was written with.");
                }

                places.Add(slice.Name, (buffer, slice.Offset));
            }
        }

        return file.Entries.FirstOrDefault(entry => !places.ContainsKey(entry.Name) && !IsOfCritic(entry)) is { } surplus
            ? throw new UserErrorException(
                $"{file.Path} has a tensor {surplus.Name}, which the model does not have; use the configuration that the checkpoint " +
                $"was written with.")
            : places;
    }

    private static bool IsOfCritic(SafetensorsEntry entry) => entry.Name.StartsWith(ModelLayout.CriticPrefix, StringComparison.Ordinal);
}
