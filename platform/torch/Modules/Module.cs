using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A part of a model: parameters, buffers, and parts of its own.</summary>
        public partial class Module : IDisposable
        {
            private readonly string name;
            private readonly List<KeyValuePair<string, Parameter>> parameters_ = [];
            private readonly List<(string name, Tensor buffer, bool persistent)> buffers_ = [];
            private readonly List<KeyValuePair<string, Module>> modules_ = [];

            /// <summary>A module of the given name with nothing registered yet.</summary>
            protected Module(string name) => this.name = name;

            /// <summary>Whether the module is in training mode, as it is at first.</summary>
            public virtual bool training { get; private set; } = true;

            /// <summary>The name given at construction.</summary>
            public virtual string GetName() => name;

            // ---- registration ----

            /// <summary>Registers the fields that hold modules, parameters and buffers, under the fields' names, in order of declaration.</summary>
            protected virtual void RegisterComponents()
            {
                const BindingFlags flags = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
                var lineage = new Stack<Type>();
                for (var type = GetType(); type is not null && type != typeof(Module); type = type.BaseType) lineage.Push(type);
                foreach (var field in lineage.SelectMany(type => type.GetFields(flags)))
                {
                    var component = field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? field.Name;
                    switch (field.GetValue(this))
                    {
                        case Module module when modules_.TrueForAll(known => known.Value != module):
                            register_module(component, module);
                            break;
                        case Modules.Parameter parameter when parameters_.TrueForAll(known => known.Value != parameter):
                            register_parameter(component, parameter);
                            break;
                        case Tensor buffer and not Modules.Parameter when buffers_.TrueForAll(known => known.buffer != buffer):
                            register_buffer(component, buffer);
                            break;
                    }
                }
            }

            /// <summary>Adds a part; throws where the name holds a dot or is taken.</summary>
            public virtual void register_module(string name, Module submodule)
            {
                Fresh(name, modules_.Exists(known => known.Key == name));
                modules_.Add(new(name, submodule));
            }

            /// <summary>Adds a parameter and takes it out of its dispose scope; throws where the name holds a dot or is taken.</summary>
            public virtual void register_parameter(string name, Parameter param)
            {
                Fresh(name, parameters_.Exists(known => known.Key == name));
                param.DetachFromDisposeScope();
                parameters_.Add(new(name, param));
            }

            /// <summary>Adds a tensor that is not learnt, out of its dispose scope; only persistent ones enter the state dictionary.</summary>
            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                Fresh(name, buffers_.Exists(known => known.name == name));
                buffers_.Add((name, tensor.DetachFromDisposeScope(), persistent));
            }

            private static void Fresh(string name, bool known)
            {
                if (name.Contains('.', StringComparison.Ordinal)) throw new ArgumentException($"a component's name cannot contain a dot: '{name}'");
                if (known) throw new InvalidOperationException($"component '{name}' is registered already");
            }

            // ---- what it has ----

            /// <summary>Parameters under their dotted names, a tied one once; without <c>recurse</c> the module's own only.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                Distinct(recurse ? Walk().SelectMany(part => part.module.parameters_.Select(own => (Join(part.name, own.Key), own.Value))) : parameters_.Select(own => (own.Key, own.Value)));

            /// <summary>Buffers under their dotted names; without <c>recurse</c> the module's own only.</summary>
            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true) =>
                recurse ? Walk().SelectMany(part => part.module.buffers_.Select(own => (Join(part.name, own.name), own.buffer))) : buffers_.Select(own => (own.name, own.buffer));

            /// <summary>The direct parts under their names.</summary>
            public virtual IEnumerable<(string name, Module module)> named_children() => modules_.Select(own => (own.Key, own.Value));

            /// <summary>All parts at any depth, under their dotted names; not the module itself.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules() => Walk().Skip(1);

            /// <summary>The module itself and all parts at any depth.</summary>
            public virtual IEnumerable<Module> modules() => Walk().Select(part => part.module);

            /// <summary>The direct parts.</summary>
            public virtual IEnumerable<Module> children() => modules_.Select(own => own.Value);

            /// <summary>The parameters in order of registration, outer before inner, a tied one once.</summary>
            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(own => own.parameter);

            /// <summary>The buffers in order of registration, outer before inner.</summary>
            public virtual IEnumerable<Tensor> buffers(bool recurse = true) => named_buffers(recurse).Select(own => own.buffer);

            /// <summary>Whether a parameter of that dotted name exists.</summary>
            public bool has_parameter(string target) => named_parameters().Any(own => own.name == target);

            /// <summary>The parameter of that dotted name, or null.</summary>
            public Parameter? get_parameter(string target) => named_parameters().FirstOrDefault(own => own.name == target).parameter;

            /// <summary>The buffer of that dotted name, or null.</summary>
            public Tensor? get_buffer(string target) => named_buffers().FirstOrDefault(own => own.name == target).buffer;

            private IEnumerable<(string name, Module module)> Walk(string prefix = "")
            {
                yield return (prefix, this);
                foreach (var (key, part) in modules_)
                    foreach (var inner in part.Walk(Join(prefix, key)))
                        yield return inner;
            }

            private static string Join(string prefix, string own) => prefix.Length == 0 ? own : $"{prefix}.{own}";

            // Tied parameters are one object under two names; it is listed once, under the first.
            private static List<(string, Parameter)> Distinct(IEnumerable<(string, Parameter parameter)> all)
            {
                var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
                return all.Where(own => seen.Add(own.parameter)).ToList();
            }

            // ---- modes, places, types ----

            /// <summary>Puts the module and all its parts into training mode, or evaluation mode where <c>mode</c> is false.</summary>
            public virtual void train(bool mode = true)
            {
                training = mode;
                foreach (var (_, part) in modules_) part.train(mode);
            }

            /// <summary>Puts the module and all its parts into evaluation mode.</summary>
            public virtual void eval() => train(false);

            /// <summary>Drops the gradients of all parameters, or fills them with 0 where <c>set_to_none</c> is false.</summary>
            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    using var grad = parameter.grad;
                    if (grad is null) continue;
                    if (set_to_none) parameter.grad = null;
                    else grad.detach_().zero_();
                }
            }

            /// <summary>Sets whether the parameters of the module and its parts take gradients.</summary>
            public Module requires_grad_(bool requires_grad = true)
            {
                foreach (var parameter in parameters()) parameter.requires_grad_(requires_grad);
                return this;
            }

            /// <summary>Calls <c>fn</c> on every part, innermost first, then on the module itself.</summary>
            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, part) in modules_) part.apply(fn);
                fn(this);
                return this;
            }

            /// <summary>Converts and moves every parameter and buffer in place: the objects stay, their memory is new.</summary>
            internal void Convert(ScalarType? dtype, Device? device)
            {
                using var unrecorded = no_grad();
                using var scope = NewDisposeScope();
                foreach (var tensor in parameters().Cast<Tensor>().Concat(buffers()))
                {
                    var type = dtype is { } wanted && (tensor.is_floating_point() || tensor is Modules.Parameter) ? wanted : tensor.dtype;
                    if (type == tensor.dtype && (device is null || device == tensor.device)) continue;
                    Interop.NativeError.Check(Interop.LibTorch.tensor_set_data(tensor, tensor.detach().to(type, device ?? tensor.device)));
                    tensor.grad = null;
                }
            }

            /// <summary>Disposes of the module's parameters and buffers and of its parts.</summary>
            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>Where <c>disposing</c>, disposes of what is registered; override to add what is not.</summary>
            protected virtual void Dispose(bool disposing)
            {
                if (!disposing) return;
                foreach (var (_, parameter) in parameters_) parameter.Dispose();
                foreach (var (_, buffer, _) in buffers_) buffer.Dispose();
                foreach (var (_, part) in modules_) part.Dispose();
            }
        }
    }
}

/// <summary>Gives a component a name other than its field's.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ComponentNameAttribute : Attribute
{
    /// <summary>The name to register under; null: the field's.</summary>
    public string? Name { get; set; }
}

/// <summary>Conversions that return the module in its own type.</summary>
public static class ModuleExtensionMethods
{
    /// <summary>Moves all parameters and buffers in place; gradients are dropped where memory is new.</summary>
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module => module.Converted(null, device);

    /// <summary>Moves all parameters and buffers in place and converts the floating-point ones.</summary>
    public static T to<T>(this T module, torch.Device device, ScalarType type, bool non_blocking = false) where T : torch.nn.Module => module.Converted(type, device);

    /// <inheritdoc cref="to{T}(T, torch.Device, bool)"/>
    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module =>
        module.Converted(null, new torch.Device(deviceType, deviceIndex));

    /// <inheritdoc cref="to{T}(T, torch.Device, bool)"/>
    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module => module.Converted(null, new torch.Device(device));

    /// <summary>Converts parameters and floating-point buffers in place; gradients are dropped where memory is new.</summary>
    public static T to<T>(this T module, ScalarType type, bool non_blocking = false) where T : torch.nn.Module => module.Converted(type, null);

    /// <summary>Moves all parameters and buffers to the CPU, in place.</summary>
    public static T cpu<T>(this T module) where T : torch.nn.Module => module.Converted(null, torch.CPU);

    /// <summary>Moves all parameters and buffers to a GPU, in place; −1: the current one.</summary>
    public static T cuda<T>(this T module, int deviceIndex = -1) where T : torch.nn.Module => module.Converted(null, new torch.Device(DeviceType.CUDA, deviceIndex));

    private static T Converted<T>(this T module, ScalarType? type, torch.Device? device) where T : torch.nn.Module
    {
        module.Convert(type, device);
        return module;
    }
}
