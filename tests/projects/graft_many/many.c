/* One function over three libraries that lead to some thirty more. */
#include <Python.h>

#include <cblas.h>
#include <curl/curl.h>
#include <hdf5.h>

/* 32 if all three work: a dot product, a number through a file in memory, a URL taken apart. */
static PyObject *value(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  const double a[] = {1, 2, 3}, b[] = {4, 5, 6};
  double dot = cblas_ddot(3, a, 1, b, 1), back = -1;

  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(access, 1 << 16, 0);
  hid_t file = H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  hid_t space = H5Screate(H5S_SCALAR);
  hid_t set = H5Dcreate2(file, "dot", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT,
                         H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &dot);
  H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &back);
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
  H5Pclose(access);

  char *host = NULL;
  curl_global_init(CURL_GLOBAL_DEFAULT); /* OpenSSL and what goes with it begin to work */
  CURLU *url = curl_url();
  curl_url_set(url, CURLUPART_URL, "https://example.org/newton", 0);
  curl_url_get(url, CURLUPART_HOST, &host, 0);
  int is_right = host != NULL && strcmp(host, "example.org") == 0;
  curl_free(host);
  curl_url_cleanup(url);
  return PyLong_FromLong(is_right ? (long)back : -1);
}

static PyMethodDef methods[] = {{"value", value, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "many", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_many(void) { return PyModule_Create(&definition); }
