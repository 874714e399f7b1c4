using System.Text;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // State dictionaries, in memory and in files. The file: LEB128 count, then per entry its name (length-prefixed UTF-8) and its tensor.
        public partial class Module
        {
            /// <summary>Names and tensors of all parameters and persistent buffers; the tensors are the module's own.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                foreach (var (name, tensor) in Stateful()) destination[string.IsNullOrEmpty(prefix) ? name : $"{prefix}.{name}"] = tensor;
                return destination;
            }

            /// <summary>Copies the source's values into the module, except those named in <c>skip</c>.</summary>
            /// <exception cref="InvalidOperationException">The names differ although <c>strict</c>; nothing is changed.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keys) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                var own = state_dict();
                var missing = own.Keys.Where(name => !source.ContainsKey(name) && skip?.Contains(name) is not true).ToList();
                var unexpected = source.Keys.Where(name => !own.ContainsKey(name) && skip?.Contains(name) is not true).ToList();
                if (strict && missing.Count + unexpected.Count > 0)
                    throw new InvalidOperationException($"The loaded state_dict is not identical to the target dictionary: missing [{string.Join(", ", missing)}], unexpected [{string.Join(", ", unexpected)}].");
                using var unrecorded = no_grad();
                foreach (var (name, value) in source)
                    if (own.TryGetValue(name, out var target) && skip?.Contains(name) is not true) target.copy_(value);
                return (missing, unexpected);
            }

            /// <summary>Writes the state dictionary to a file, without the names in <c>skip</c>.</summary>
            public Module save(string location, IList<string>? skip = null)
            {
                using var file = File.Create(location);
                return save(file, skip);
            }

            /// <summary>Writes the state dictionary to a stream, which is closed unless <c>leaveOpen</c>.</summary>
            public Module save(Stream stream, IList<string>? skip = null, bool leaveOpen = false)
            {
                using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen);
                return save(writer, skip);
            }

            /// <summary>Writes the state dictionary at the writer's position, without the names in <c>skip</c>.</summary>
            public Module save(BinaryWriter writer, IList<string>? skip = null)
            {
                var kept = state_dict().Where(entry => skip is null || !skip.Contains(entry.Key)).ToList();
                writer.Encode(kept.Count);
                foreach (var (name, tensor) in kept)
                {
                    writer.Write(name);
                    tensor.Save(writer);
                }

                return this;
            }

            /// <summary>Reads a file of <see cref="save(string, IList{string})"/>; nothing is changed when the file is unsuitable.</summary>
            /// <exception cref="FileNotFoundException">There is no such file.</exception>
            public virtual Module load(string location, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                if (!File.Exists(location)) throw new FileNotFoundException(location);
                using var file = File.OpenRead(location);
                return load(file, strict, skip, loadedParameters);
            }

            /// <summary>Reads a state dictionary from a stream, which is closed unless <c>leaveOpen</c>.</summary>
            public Module load(Stream stream, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null, bool leaveOpen = false)
            {
                using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen);
                return load(reader, strict, skip, loadedParameters);
            }

            /// <summary>Reads a state dictionary at the reader's position; nothing is changed when it is unsuitable.</summary>
            /// <exception cref="ArgumentException">A tensor's shape differs from the module's.</exception>
            public virtual Module load(BinaryReader reader, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                using var scope = NewDisposeScope();
                var own = state_dict();
                var read = new Dictionary<string, Tensor>();
                var count = reader.Decode();
                for (var i = 0L; i < count; i++)
                {
                    var name = reader.ReadString();
                    read[name] = Tensor.Load(reader);
                    var known = own.TryGetValue(name, out var target) && skip?.Contains(name) is not true;
                    if (known && !target!.shape.AsSpan().SequenceEqual(read[name].shape))
                        throw new ArgumentException($"Mismatched tensor shape while loading {name}: [{string.Join(", ", target.shape)}] in the module, [{string.Join(", ", read[name].shape)}] in the file.");
                }

                if (loadedParameters is not null)
                    foreach (var name in own.Keys) loadedParameters[name] = read.ContainsKey(name) && skip?.Contains(name) is not true;
                load_state_dict(read, strict, skip);
                return this;
            }

            private IEnumerable<(string name, Tensor tensor)> Stateful() => Walk().SelectMany(part =>
                part.module.parameters_.Select(own => (Join(part.name, own.Key), (Tensor)own.Value))
                    .Concat(part.module.buffers_.Where(own => own.persistent).Select(own => (Join(part.name, own.name), own.buffer))));
        }
    }
}
